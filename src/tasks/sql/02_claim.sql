-- claim: leases up to p_limit due tasks, at most one of each lane, the lane's earliest first. A lease that ran out is
-- recovered here: its task counts as a lost attempt and is claimed anew, so no sweeper is needed. The token fences: a
-- worker whose lease was taken over settles nothing. `exhausted` marks a task whose attempts are used up: the caller
-- buries it instead of running it.
--
-- Lanes are locked in one statement and their tasks read in the next: a single statement would re-check the lane's row
-- but read its tasks from the snapshot before the lock, and could hand out a task that another worker has finished.
create or replace function tallystick.claim_tasks(p_limit integer, p_lease_ms integer, p_worker text)
returns setof jsonb language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  lease_end timestamptz := t + make_interval(secs => p_lease_ms / 1000.0);
  lanes text[];
  lost bigint[];
  busy text[];
  idle text[];
  claimed bigint[];
  name_of_lane text;
begin
  select array_agg(name) into lanes from (
    select name from tallystick.task_lane where ready_at <= t
    order by ready_at limit p_limit for no key update skip locked) ready;

  -- Leases that ran out, of these lanes and of tasks without a lane. All of the lanes', whatever the limit: the next
  -- statements take a lane whose task does not run for free.
  lost := array(
    select id from (select id from tallystick.task
      where status = 'running' and lease_until <= t and lane = any (lanes) for update skip locked) in_lane
    union all
    select id from (select id from tallystick.task
      where status = 'running' and lease_until <= t and lane is null
      order by lease_until limit p_limit for update skip locked) free);
  if cardinality(lost) > 0 then
    insert into tallystick.task_attempt (task_id, attempt, lease_token, outcome, worker, error, error_code, started_at, finished_at)
      select id, attempts, lease_token, 'lost', worker, 'the worker stopped before it settled the task', 'lease_expired', started_at, t
      from tallystick.task where id = any (lost);
    update tallystick.task set status = 'pending', lease_token = null, lease_until = null, run_at = t, updated_at = t, woken_at = null,
        last_error = 'the worker stopped before it settled the task', last_error_code = 'lease_expired'
      where id = any (lost);
  end if;

  -- A task that still runs holds its lane: its worker is settling it at this moment, and waits for the lane.
  select array_agg(lane) into busy from tallystick.task where status = 'running' and lane = any (lanes);
  if busy is not null then
    update tallystick.task_lane set ready_at = t + interval '100 milliseconds' where name = any (busy);
    lanes := array(select name from unnest(lanes) as name where name <> all (busy));
  end if;

  -- Lanes and tasks without one in one order of time, so that neither kind can keep the other waiting for ever.
  select array_agg(id) into claimed from (
    select id from (
      select head.id, head.run_at from unnest(lanes) as ready (name)
        cross join lateral (select id, run_at from tallystick.task
          where lane = ready.name and status = 'pending' and run_at <= t order by run_at, id limit 1) head
      union all
      select free.id, free.run_at from (select id, run_at from tallystick.task
        where status = 'pending' and lane is null and run_at <= t
        order by run_at, id limit p_limit for update skip locked) free
    ) due order by run_at, id limit p_limit) chosen;

  -- Lanes that were due and hold nothing due: look again when their next task is due; an enqueue that has not committed
  -- yet keeps the row share-locked, and then the lane stays awake instead of being put to sleep.
  select array_agg(ready.name) into idle from unnest(lanes) as ready (name)
    where not exists (select from tallystick.task where lane = ready.name and status = 'pending' and run_at <= t);
  foreach name_of_lane in array coalesce(idle, '{}') loop
    perform from tallystick.task_lane where name = name_of_lane for update skip locked;
    if found then
      perform tallystick.release_lane(name_of_lane, (select lease_token from tallystick.task_lane where name = name_of_lane));
    else
      update tallystick.task_lane set ready_at = t + interval '100 milliseconds', lease_token = null, task_id = null
        where name = name_of_lane;
    end if;
  end loop;

  return query
  with running as (
    update tallystick.task set status = 'running', attempts = attempts + 1, started_at = t, worker = p_worker, updated_at = t,
      lease_token = nextval('tallystick.task_lease_token_seq'), lease_until = lease_end
    where id = any (claimed) and status = 'pending'
    returning *
  ), leased as (
    -- A leased lane is due again when its lease runs out: that is how a lost one is found.
    update tallystick.task_lane set ready_at = lease_end, lease_token = running.lease_token, task_id = running.id
    from running where task_lane.name = running.lane
  )
  select jsonb_build_object('id', id, 'name', name, 'payload', payload, 'lane', lane, 'attempt', attempts,
    'maxAttempts', max_attempts, 'leaseToken', lease_token, 'exhausted', attempts > max_attempts, 'createdAt', created_at, 'traceparent', traceparent, 'hasFailed', last_error_code is not null)
  from running order by run_at, id;
end $$;

-- When the next task is due that nobody runs, and how many are due now (counted up to 1,000). The clock is read once in a
-- subquery: a volatile function in the condition itself could not be served by an index.
create or replace function tallystick.task_backlog() returns jsonb language sql stable as $$
  select jsonb_build_object(
    'due', (select count(*) from (
        (select 1 from tallystick.task_lane where ready_at <= (select tallystick.clock()) limit 1000)
        union all
        (select 1 from tallystick.task where status = 'pending' and lane is null and run_at <= (select tallystick.clock())
          limit 1000)) d),
    'nextRunAt', least(
      (select min(ready_at) from tallystick.task_lane where ready_at is not null),
      (select min(run_at) from tallystick.task where status = 'pending' and lane is null),
      (select min(lease_until) from tallystick.task where status = 'running')))
$$;
