-- enqueue: one task, in the caller's transaction. With a dedupe key it is there once, for ever; `created` tells.
--
-- Lanes. ready_at says when a lane is to be looked at; whoever may make it earlier or empty must not miss the other:
--   an enqueue holds KEY SHARE on the lane's row until it commits, and lowers ready_at if the lane sleeps;
--   a settlement takes FOR UPDATE, so it waits for such enqueues, and reads the lane's tasks in a later statement.
-- Enqueues therefore never wait for each other (but for the one that wakes a sleeping lane), nor do claims, which
-- take NO KEY UPDATE.
create or replace function tallystick.enqueue_task(
  p_name text,
  p_payload jsonb,
  p_max_attempts integer,
  p_lane text default null,
  p_dedupe_key text default null,
  p_run_at timestamptz default null,
  p_id bigint default null, -- drawn from the table's sequence by a caller that must know it first
  out task_id bigint,
  out created boolean
) language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  due timestamptz := greatest(t, coalesce(p_run_at, t));
  lane record;
begin
  if p_lane is not null then
    select ready_at, lease_token into lane from tallystick.task_lane where name = p_lane for key share;
    if not found then
      insert into tallystick.task_lane (name, ready_at) values (p_lane, due) on conflict (name) do nothing;
      select ready_at, lease_token into lane from tallystick.task_lane where name = p_lane for key share;
    end if;
    if lane.ready_at is null or (lane.lease_token is null and lane.ready_at > due) then
      update tallystick.task_lane set ready_at = greatest(due, paused_until)
        where name = p_lane and (ready_at is null or (lease_token is null and ready_at > greatest(due, paused_until)));
    end if;
  end if;
  insert into tallystick.task (id, name, payload, lane, dedupe_key, max_attempts, run_at, created_at, updated_at)
    overriding system value
    values (coalesce(p_id, nextval('tallystick.task_id_seq')), p_name, coalesce(p_payload, '{}'), p_lane, p_dedupe_key, p_max_attempts, due, t, t)
    on conflict (dedupe_key) where dedupe_key is not null do nothing
    returning id into task_id;
  created := found;
  if not created then
    select id into task_id from tallystick.task where dedupe_key = p_dedupe_key;
  end if;
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
end $$;
