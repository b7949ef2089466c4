-- Wakes are handed to a driver after the task's transaction has committed: the task's row is their outbox. A row is marked
-- before the driver has the wake; where a process dies between, the next tick runs the task without one.
create or replace function tallystick.take_wakes(p_limit integer) returns table (task_id bigint, lane text, delay_ms bigint)
language sql as $$
  -- What a claim or another call holds is skipped: the first runs it, the second wakes it.
  with unwoken as materialized (
    select id from tallystick.task where status = 'pending' and woken_at is null order by id limit p_limit
    for no key update skip locked
  )
  update tallystick.task set woken_at = tallystick.clock() from unwoken where task.id = unwoken.id
  returning task.id, task.lane, greatest(0, ceil(1000 * extract(epoch from
    greatest(task.run_at, (select paused_until from tallystick.task_lane where name = task.lane)) - tallystick.clock())))::bigint
$$;

-- The driver could not take them: the next call does. What a claim holds is skipped, as it is being run.
create or replace function tallystick.return_wakes(p_ids bigint[]) returns void language sql as $$
  update tallystick.task set woken_at = null where id in (
    select id from tallystick.task where id = any (p_ids) and status = 'pending' order by id for no key update skip locked)
$$;

-- A worker's time is over and something due is left: one wake more, as whoever gets it drains all.
create or replace function tallystick.rewake_due() returns void language sql as $$
  update tallystick.task set woken_at = null where status = 'pending' and woken_at is not null and id = (
    select id from (
      (select id from tallystick.task where status = 'pending' and lane is null and run_at <= (select tallystick.clock())
        order by run_at, id limit 1)
      union all
      (select head.id from (
          select name from tallystick.task_lane where ready_at <= (select tallystick.clock()) order by ready_at limit 1) ready
        cross join lateral (select id from tallystick.task where lane = ready.name and status = 'pending'
          order by run_at, id limit 1) head)
    ) due limit 1)
$$;
