-- What becomes of deliveries: the log of attempts, the state of endpoints, replays, and forgetting.

-- Records one request and what it says about the endpoint: p_ok; p_pause_ms: leave it alone for so long. Committed by
-- itself, before the delivery is settled, so that a request that was made is never missing. Answers since when the endpoint
-- has been failing.
create or replace function tallystick.record_attempt(
  p_delivery_id bigint, p_ok boolean, p_status_code integer, p_error text, p_duration_ms integer, p_pause_ms integer default null
) returns timestamptz language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  failing timestamptz;
begin
  -- The endpoint first, as where it is removed or erased with its deliveries.
  update tallystick.webhook_endpoint endpoint
    set failing_since = case when p_ok then null else coalesce(failing_since, t) end,
      paused_until = case when p_pause_ms is not null then t + make_interval(secs => p_pause_ms / 1000.0) end
    from tallystick.outgoing_delivery delivery
    where delivery.id = p_delivery_id and endpoint.id = delivery.endpoint_id
      and not (p_ok and failing_since is null and paused_until is null and p_pause_ms is null)
    returning failing_since into failing;
  insert into tallystick.outgoing_attempt (delivery_id, status_code, error, duration_ms, created_at)
    select id, p_status_code, p_error, p_duration_ms, t from tallystick.outgoing_delivery where id = p_delivery_id;
  return failing;
end $$;

-- Gives up what waits for an endpoint, for now.
create or replace function tallystick.cancel_deliveries(p_endpoint_id bigint, p_actor text, p_reason text) returns bigint
language sql as $$
  -- The lane first, as where an attempt is settled.
  select tallystick.hold_lane('endpoint:' || p_endpoint_id);
  with cancelled as (
    update tallystick.outgoing_delivery set status = 'cancelled', finished_at = tallystick.clock()
    where endpoint_id = p_endpoint_id and status = 'pending' returning task_id
  )
  select count(tallystick.cancel_task(task_id, p_actor, p_reason)) from (select task_id from cancelled order by task_id) waiting
$$;

-- Sends a delivery again, under the same webhook-id: the same task. Answers the task's status, `forgotten` when the data is
-- gone, `disabled` when its endpoint is, or null for an unknown delivery.
create or replace function tallystick.replay_delivery(p_id bigint, p_actor text) returns text language plpgsql as $$
declare
  delivery record;
  task_status text;
begin
  -- The task's lane before the delivery, as where an attempt is settled.
  perform tallystick.hold_lane('endpoint:' || endpoint_id) from tallystick.outgoing_delivery where id = p_id;
  select mine.task_id, event.data is null as forgotten, endpoint.status = 'disabled' as disabled into delivery
    from tallystick.outgoing_delivery mine join tallystick.outgoing_event event on event.id = mine.event_id
    join tallystick.webhook_endpoint endpoint on endpoint.id = mine.endpoint_id
    where mine.id = p_id for update of mine;
  if not found then return null; end if;
  if delivery.forgotten then return 'forgotten'; end if;
  if delivery.disabled then return 'disabled'; end if;
  task_status := tallystick.replay_task(delivery.task_id, p_actor, 'the delivery is replayed');
  if task_status = 'pending' then
    update tallystick.outgoing_delivery set status = 'pending', finished_at = null where id = p_id;
  end if;
  return coalesce(task_status, 'forgotten');
end $$;

-- Sends again, in their order, what an endpoint was to get since a moment and did not, or with p_all also what it did. What
-- happened while it was disabled has no delivery yet, and gets one, as far as it was stored.
create or replace function tallystick.replay_since(
  p_endpoint_id bigint, p_since timestamptz, p_all boolean, p_actor text, p_max_attempts integer
) returns bigint language plpgsql as $$
declare
  missed bigint[];
  replayed bigint;
begin
  perform tallystick.hold_lane('endpoint:' || p_endpoint_id);
  select count(*) filter (where tallystick.replay_delivery(id, p_actor) = 'pending') into replayed from (
    select delivery.id from tallystick.outgoing_delivery delivery
    join tallystick.outgoing_event event on event.id = delivery.event_id
    where delivery.endpoint_id = p_endpoint_id and event.occurred_at >= p_since and event.data is not null
      and (p_all or delivery.status in ('failed', 'cancelled'))
    order by delivery.id) due;
  missed := array(select event.id from tallystick.outgoing_event event, tallystick.webhook_endpoint endpoint
    where endpoint.id = p_endpoint_id and event.occurred_at >= p_since and event.data is not null
      and tallystick.endpoint_wants(endpoint, event.type, event.user_id)
      and not exists (select from tallystick.outgoing_delivery delivery
        where delivery.event_id = event.id and delivery.endpoint_id = p_endpoint_id)
    order by event.id);
  return replayed + tallystick.send_events(missed, p_max_attempts, p_endpoint_id);
end $$;

-- Forgets up to p_batch deliveries that ended so many days ago, with their attempts and tasks, and as many events that none
-- waits for. The keys of what a payment provider may tell again stay, so that it is told no second time.
create or replace function tallystick.forget_events(p_keep_days integer, p_batch integer) returns bigint
language plpgsql set lock_timeout = '5s' as $$
declare
  horizon timestamptz := tallystick.clock() - make_interval(days => p_keep_days);
  task_ids bigint[];
  events bigint;
  stubs bigint;
begin
  with old as (
    select id from tallystick.outgoing_delivery where finished_at < horizon
    order by finished_at limit p_batch for update skip locked
  ), gone as (
    delete from tallystick.outgoing_delivery where id in (select id from old) returning task_id
  )
  select array_agg(task_id) into task_ids from gone;
  perform tallystick.forget_tasks(task_ids);
  with old as (
    select id, type from tallystick.outgoing_event event where created_at < horizon and data is not null
      and not exists (select from tallystick.outgoing_delivery where event_id = event.id)
    order by created_at limit p_batch for update skip locked
  ), gone as (
    delete from tallystick.outgoing_event where id in (select id from old where type !~ '^(payment|subscription)\.') returning 1
  ), emptied as (
    update tallystick.outgoing_event set data = null, user_id = null
    where id in (select id from old where type ~ '^(payment|subscription)\.') returning 1
  )
  select (select count(*) from gone), (select count(*) from emptied) into events, stubs;
  return coalesce(cardinality(task_ids), 0) + events + stubs;
end $$;
