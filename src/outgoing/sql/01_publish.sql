-- Publishing: events become rows that a hook or an endpoint wants, and one delivery with its task for each endpoint.

-- Whether an event is for an endpoint, also while that is disabled: it may be enabled and ask for what it missed.
create or replace function tallystick.endpoint_wants(
  p_endpoint tallystick.webhook_endpoint, p_type text, p_user_id text
) returns boolean language sql immutable as $$
  select (p_endpoint.user_id is null or p_endpoint.user_id = p_user_id)
    and case when p_endpoint.types is null then p_type <> 'credits.consumed' else p_type = any (p_endpoint.types) end
$$;

-- Stores the events that somebody wants and that were not told before: [{"key", "type", "userId", "data", "at", "wanted"}],
-- where `wanted` says that there is a hook and an absent `at` means now. Answers those stored: [{"id", "at"}].
create or replace function tallystick.store_events(p_events jsonb) returns jsonb language sql as $$
  with stored as (
    insert into tallystick.outgoing_event (event_key, type, user_id, data, occurred_at, created_at)
    select given.key, given.type, given."userId", given.data, coalesce(given.at, t), t
    from rows from (jsonb_to_recordset(p_events)
      as (key text, type text, "userId" text, data jsonb, at timestamptz, wanted boolean)) with ordinality
      as given (key, type, "userId", data, at, wanted, n), tallystick.clock() t
    where wanted or exists (select from tallystick.webhook_endpoint endpoint
      where tallystick.endpoint_wants(endpoint, given.type, given."userId"))
    order by n
    on conflict (event_key) do nothing returning id, occurred_at
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'at', occurred_at) order by id), '[]') from stored
$$;

-- Makes the deliveries of stored events, endpoint by endpoint, so that all transactions take the lanes in one order. An
-- endpoint has one lane: a receiver that hangs keeps one runner busy and no more, a pause that it asks for is the whole
-- lane's, and what it takes at the first try it gets in order.
create or replace function tallystick.send_events(
  p_event_ids bigint[], p_max_attempts integer, p_endpoint_id bigint default null -- null: all that want them
) returns bigint
language plpgsql as $$
declare
  task_ids bigint[];
  lanes text[];
  payloads jsonb[];
begin
  with due as materialized (
    select wanted.*, nextval('tallystick.task_id_seq') as task_id from (
      select event.id as event_id, endpoint.id as endpoint_id
      from tallystick.webhook_endpoint endpoint
      join tallystick.outgoing_event event on tallystick.endpoint_wants(endpoint, event.type, event.user_id)
      where event.id = any (p_event_ids) and endpoint.status = 'enabled' and (p_endpoint_id is null or endpoint.id = p_endpoint_id)
      order by endpoint.id, event.id for key share of endpoint) wanted
  ), made as (
    insert into tallystick.outgoing_delivery (event_id, endpoint_id, task_id, created_at)
    select event_id, endpoint_id, task_id, tallystick.clock() from due order by endpoint_id, event_id
    on conflict (event_id, endpoint_id) do nothing returning id, endpoint_id, task_id
  )
  select array_agg(task_id order by task_id), array_agg('endpoint:' || endpoint_id order by task_id),
    array_agg(jsonb_build_object('deliveryId', id) order by task_id)
  into task_ids, lanes, payloads from made;
  perform tallystick.enqueue_tasks('deliver-event', p_max_attempts, task_ids, lanes, payloads) where task_ids is not null;
  return coalesce(cardinality(task_ids), 0);
end $$;
