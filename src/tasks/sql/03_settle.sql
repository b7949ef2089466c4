-- Settlement, fenced by the lease token: a worker whose lease was taken over changes nothing and is told so.

-- complete: the last statement of the transaction that applied the effect, so that both commit or neither does. Raises
-- when the lease was lost, for the commit may be on its way already.
create or replace function tallystick.complete_task(p_id bigint, p_token bigint, p_result jsonb default null, p_pause_ms integer default 0)
returns void language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  lane_name text;
begin
  update tallystick.task set status = 'done', lease_token = null, lease_until = null, result = p_result, last_error = null, last_error_code = null,
      finished_at = t, updated_at = t
    where id = p_id and lease_token = p_token
    returning lane into lane_name;
  if not found then raise exception 'the lease of task % was lost', p_id using errcode = 'LEASE'; end if;
  if lane_name is not null then
    perform tallystick.release_lane(lane_name, p_token, case when p_pause_ms > 0 then t + make_interval(secs => p_pause_ms / 1000.0) end);
  end if;
end $$;

-- complete many: tasks of one transaction. Raises unless all leases held. Lanes are taken in the order of their names.
create or replace function tallystick.complete_tasks(p_ids bigint[], p_tokens bigint[], p_results jsonb[]) returns void
language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  finished integer;
  lanes text[];
  tokens bigint[];
begin
  with given as (
    select * from unnest(p_ids, p_tokens, p_results) as given (id, token, result)
  ), settled as (
    update tallystick.task set status = 'done', lease_token = null, lease_until = null, result = given.result, last_error = null,
        last_error_code = null, finished_at = t, updated_at = t
      from given where task.id = given.id and task.lease_token = given.token
      returning task.lane, given.token
  )
  select count(*), array_agg(lane order by lane) filter (where lane is not null),
    array_agg(token order by lane) filter (where lane is not null)
  into finished, lanes, tokens from settled;
  if finished < cardinality(p_ids) then raise exception 'a lease was lost' using errcode = 'LEASE'; end if;
  for n in 1..coalesce(cardinality(lanes), 0) loop
    perform tallystick.release_lane(lanes[n], tokens[n]);
  end loop;
end $$;

-- fail: records the error and decides: back to pending after the delay, or dead after the last attempt or when retrying
-- is pointless. A snooze counts no attempt; without a delay the task keeps its place in its lane, and so with a delay that
-- holds for the whole lane (p_pause_lane). Answers the new status, or null when the lease was lost.
create or replace function tallystick.fail_task(
  p_id bigint, p_token bigint, p_error text, p_error_code text, p_delay_ms bigint,
  p_bury boolean default false, p_snooze boolean default false, p_pause_lane boolean default false
) returns text language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  task tallystick.task;
  next_at timestamptz := t + make_interval(secs => p_delay_ms / 1000.0);
  dead boolean;
begin
  select * into task from tallystick.task where id = p_id and lease_token = p_token for update;
  if not found then return null; end if;
  dead := not p_snooze and (p_bury or task.attempts >= task.max_attempts);
  update tallystick.task set
      status = case when dead then 'dead' else 'pending' end,
      attempts = case when p_snooze then attempts - 1 else least(attempts, max_attempts) end,
      lease_token = null, lease_until = null, last_error = coalesce(p_error, last_error),
      last_error_code = coalesce(p_error_code, last_error_code),
      run_at = case when dead or (p_snooze and p_pause_lane) then run_at else coalesce(next_at, run_at) end,
      finished_at = case when dead then t end, updated_at = t,
      -- Given back unbegun it needs no wake of its own: one is sent for all that is left (rewake_due).
      woken_at = case when p_snooze and p_delay_ms is null then woken_at end
    where id = p_id;
  insert into tallystick.task_attempt (task_id, attempt, lease_token, outcome, worker, error, error_code, started_at, finished_at)
    values (p_id, task.attempts, p_token, case when dead then 'dead' when p_snooze then 'snoozed' else 'retry' end,
      task.worker, p_error, p_error_code, task.started_at, t);
  if task.lane is not null then
    perform tallystick.release_lane(task.lane, p_token, case when p_pause_lane and not dead then next_at end);
  end if;
  return case when dead then 'dead' else 'pending' end;
end $$;

-- replay: reopens a task that is dead, done, cancelled or waiting, with all its attempts before it; who asked and why
-- stays in the attempts. Answers null for an unknown id, 'running' when it can't be reopened now.
create or replace function tallystick.replay_task(p_id bigint, p_actor text, p_reason text default null) returns text language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  task tallystick.task;
begin
  -- The lane first, as in a claim; then nobody can claim the task. One that runs must not be waited for: its settlement
  -- holds the task and waits for the lane.
  perform from tallystick.task_lane
    where name = (select lane from tallystick.task where id = p_id) for no key update;
  if (select status from tallystick.task where id = p_id) = 'running' then return 'running'; end if;
  select * into task from tallystick.task where id = p_id for update;
  if not found then return null; end if;
  if task.status = 'running' then return 'running'; end if;
  -- The attempt that ended well stands in the row, which the next one takes.
  insert into tallystick.task_attempt (task_id, attempt, outcome, worker, started_at, finished_at)
    select p_id, task.attempts, 'done', task.worker, task.started_at, task.finished_at
    where task.status = 'done' and task.started_at is not null;
  update tallystick.task set status = 'pending', attempts = 0, run_at = t, started_at = null, finished_at = null, updated_at = t,
      woken_at = null
    where id = p_id;
  insert into tallystick.task_attempt (task_id, attempt, outcome, worker, error, started_at, finished_at)
    values (p_id, 0, 'replayed', p_actor, p_reason, t, t);
  if task.lane is not null then
    update tallystick.task_lane set ready_at = greatest(t, paused_until) where name = task.lane and lease_token is null;
  end if;
  return 'pending';
end $$;

-- Holds a lane's row for the transaction, for whoever locks rows of its own that tasks of the lane lock after the lane.
create or replace function tallystick.hold_lane(p_lane text) returns void language sql as $$
  select from tallystick.task_lane where name = p_lane for no key update
$$;

-- Ends a lane's pause: what had asked for it has changed.
create or replace function tallystick.end_pause(p_lane text) returns void language sql as $$
  update tallystick.task set woken_at = null
    where id = (select id from tallystick.task where lane = p_lane and status = 'pending' order by run_at, id limit 1);
  update tallystick.task_lane set paused_until = null,
      ready_at = case when lease_token is null and ready_at is not null then least(ready_at, tallystick.clock()) else ready_at end
    where name = p_lane
$$;

-- Reopens tasks of a lane that wait or died for a reason that has just gone away.
create or replace function tallystick.retry_lane(p_lane text, p_error_code text, p_actor text) returns bigint language sql as $$
  -- Each by the lane's own index: by the status one would read all that waits in all lanes.
  select count(tallystick.replay_task(id, p_actor, 'its cause has gone: ' || p_error_code)) from (
    select id from tallystick.task where lane = p_lane and status = 'pending' and last_error_code = p_error_code
    union all
    select id from tallystick.task where lane = p_lane and status = 'dead' and last_error_code = p_error_code) caused
$$;

-- cancel: a waiting task will not run. Answers null for an unknown id, else the status that it has now.
create or replace function tallystick.cancel_task(p_id bigint, p_actor text, p_reason text default null) returns text language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  current_status text;
begin
  select status into current_status from tallystick.task where id = p_id for update;
  if not found or current_status <> 'pending' then return current_status; end if;
  update tallystick.task set status = 'cancelled', finished_at = t, updated_at = t where id = p_id;
  insert into tallystick.task_attempt (task_id, attempt, outcome, worker, error, started_at, finished_at)
    values (p_id, 0, 'cancelled', p_actor, p_reason, t, t);
  return 'cancelled';
end $$;
