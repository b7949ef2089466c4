-- Lanes. ready_at says when a lane is to be looked at; whoever may make it earlier or empty must not miss the other:
--   an enqueue holds KEY SHARE on the lane's row until it commits, and lowers ready_at if the lane sleeps;
--   a settlement takes FOR UPDATE, so it waits for such enqueues, and reads the lane's tasks in a later statement.
-- Enqueues therefore never wait for each other (but for the one that wakes a sleeping lane), nor do claims, which
-- take NO KEY UPDATE.

-- The enqueue's part of that, for different lanes, whose rows are locked in the order of their names.
create or replace function tallystick.wake_lanes(p_lanes text[], p_due timestamptz) returns void language plpgsql as $$
declare
  known integer;
  asleep text[];
begin
  for attempt in 1..2 loop
    select count(*), array_agg(name) filter (where ready_at is null or (lease_token is null and ready_at > p_due)) into known, asleep
      from (select name, ready_at, lease_token from tallystick.task_lane where name = any (p_lanes) order by name for key share) lane;
    exit when known = cardinality(p_lanes);
    insert into tallystick.task_lane (name, ready_at) select name, p_due from unnest(p_lanes) as name order by name
      on conflict (name) do nothing;
  end loop;
  if asleep is null then return; end if;
  if cardinality(asleep) > 1 then
    perform from tallystick.task_lane where name = any (asleep) order by name for no key update;
  end if;
  update tallystick.task_lane set ready_at = greatest(p_due, paused_until)
    where name = any (asleep) and (ready_at is null or (lease_token is null and ready_at > greatest(p_due, paused_until)));
end $$;

create or replace function tallystick.task_digest(p_key text) returns uuid language sql immutable parallel safe as $$
  select encode(substring(sha256(convert_to(p_key, 'UTF8')) from 1 for 16), 'hex')::uuid
$$;

-- enqueue: one task, in the caller's transaction. With a dedupe key it is there once, for ever; `created` tells. A removal of
-- the task that had the key is seen also when it commits during the insert: by the statement after it.
create or replace function tallystick.enqueue_task(
  p_name text,
  p_payload jsonb,
  p_max_attempts integer,
  p_lane text default null,
  p_dedupe_key text default null,
  p_run_at timestamptz default null,
  p_traceparent text default null,
  out task_id bigint,
  out created boolean
) language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  due timestamptz := greatest(t, coalesce(p_run_at, t));
  removed_id bigint;
begin
  if p_lane is not null then perform tallystick.wake_lanes(array[p_lane], due); end if;
  insert into tallystick.task (name, payload, lane, dedupe_key, max_attempts, run_at, created_at, updated_at, traceparent)
    values (p_name, coalesce(p_payload, '{}'), p_lane, p_dedupe_key, p_max_attempts, due, t, t, p_traceparent)
    on conflict (dedupe_key) where dedupe_key is not null do nothing
    returning id into task_id;
  created := found;
  if p_dedupe_key is null then return; end if;
  select key.task_id into removed_id from tallystick.task_key key where digest = tallystick.task_digest(p_dedupe_key);
  if found then
    if created then delete from tallystick.task where id = enqueue_task.task_id; end if;
    task_id := removed_id;
    created := false;
  elsif not created then
    select id into task_id from tallystick.task where dedupe_key = p_dedupe_key;
  end if;
end $$;

-- enqueue many: each as by itself and in the order given, in one statement. The lanes' rows come first, in the order of their
-- names, so that two calls with the same lanes never wait for each other; of keys that both bring, the database tells one of
-- them where their orders differ.
create or replace function tallystick.enqueue_many(p_tasks jsonb, p_traceparent text default null) returns table (task_id bigint, created boolean)
language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  lanes text[];
  first_due timestamptz;
begin
  select array_agg(distinct lane), greatest(t, min(coalesce(run_at, t))) into lanes, first_due
    from jsonb_to_recordset(p_tasks) as given (lane text, run_at timestamptz) where lane is not null;
  if lanes is not null then perform tallystick.wake_lanes(lanes, first_due); end if;
  if not p_tasks @? '$[*].dedupe_key' then
    return query
    insert into tallystick.task (name, payload, lane, max_attempts, run_at, created_at, updated_at, traceparent)
    select given.name, coalesce(given.payload, '{}'), given.lane, given.max_attempts, greatest(t, coalesce(given.run_at, t)), t, t,
      p_traceparent
    from rows from (jsonb_to_recordset(p_tasks)
        as (name text, payload jsonb, max_attempts integer, lane text, run_at timestamptz)) with ordinality
        as given (name, payload, max_attempts, lane, run_at, n)
    order by n
    returning id, true;
    return;
  end if;
  return query
  select enqueued.task_id, enqueued.created
  from rows from (jsonb_to_recordset(p_tasks)
      as (name text, payload jsonb, max_attempts integer, lane text, dedupe_key text, run_at timestamptz)) with ordinality
      as given (name, payload, max_attempts, lane, dedupe_key, run_at, n)
    cross join lateral tallystick.enqueue_task(given.name, given.payload, given.max_attempts, given.lane, given.dedupe_key,
      given.run_at, p_traceparent) enqueued
  order by n;
end $$;

-- Tasks of one name, due at once, in the caller's transaction. Their ids were drawn from the table's sequence by the
-- caller, and are their order in a lane.
create or replace function tallystick.enqueue_tasks(
  p_name text, p_max_attempts integer, p_ids bigint[], p_lanes text[], p_payloads jsonb[], p_traceparents text[] default '{}'
) returns void language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  lanes text[] := array(select distinct lane from unnest(p_lanes) as lane where lane is not null);
begin
  if cardinality(lanes) > 0 then perform tallystick.wake_lanes(lanes, t); end if;
  insert into tallystick.task (id, name, payload, lane, max_attempts, run_at, created_at, updated_at, traceparent)
    overriding system value
    select id, p_name, payload, lane, p_max_attempts, t, t, t, traceparent
    from unnest(p_ids, p_lanes, p_payloads, p_traceparents) as given (id, lane, payload, traceparent);
end $$;

-- Gives a lane up after its task was settled, and sets when to look at it next. The caller's transaction holds the lane
-- until it commits; the reading statement comes after the lock, so it sees every enqueue that committed before.
create or replace function tallystick.release_lane(p_lane text, p_token bigint, p_pause_until timestamptz default null)
returns void language plpgsql as $$
declare
  pause timestamptz;
begin
  select greatest(paused_until, p_pause_until) into pause from tallystick.task_lane where name = p_lane for update;
  update tallystick.task_lane set lease_token = null, task_id = null, paused_until = pause,
      ready_at = (select greatest(min(run_at), pause) from tallystick.task where lane = p_lane and status = 'pending'
        having min(run_at) is not null)
    where name = p_lane and (lease_token is null or lease_token = p_token);
  -- Whoever was woken for the next one may find the lane paused: it is woken again when the pause ends.
  if p_pause_until is not null then
    update tallystick.task set woken_at = null
      where id = (select id from tallystick.task where lane = p_lane and status = 'pending' order by run_at, id limit 1);
  end if;
end $$;
