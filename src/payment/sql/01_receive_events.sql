-- receive: stores verified events and the tasks that will handle them, in one statement, before anyone answers 200. An
-- event that is known changes nothing. Unhandled types are recorded and have no task. Answers the outcomes in the order
-- of the events, which is the order of their tasks too.
--
-- Locks: events by their keys, then lanes by their names; two calls never hold what the other waits for. A settlement that
-- reopens another lane's tasks may. And a lane that somebody holds is its own events' concern: those that come together give
-- up before a deadlock would be looked for (1 s), and are sent again one by one.
create or replace function tallystick.receive_events(p_events jsonb, p_max_attempts integer) returns text[] language plpgsql
set lock_timeout = '5s' as $$
declare
  outcomes text[];
  task_ids bigint[];
  lanes text[];
  payloads jsonb[];
  traceparents text[];
begin
  if jsonb_array_length(p_events) > 1 then perform set_config('lock_timeout', '300ms', true); end if;
  with told as materialized (
    -- The task's id is drawn first, so that the row with the payload is written once. A known event leaves a gap.
    select event.*, case when handled then nextval('tallystick.task_id_seq') end as task_id
    from rows from (jsonb_to_recordset(p_events) as (provider text, "eventId" text, type text, "apiVersion" text,
      livemode boolean, handled boolean, lane text, payload jsonb, traceparent text)) with ordinality
      as event (provider, event_id, type, api_version, livemode, handled, lane, payload, traceparent, n)
  ), first as (
    select distinct on (provider, event_id) * from told order by provider, event_id, n
  ), stored as (
    insert into tallystick.webhook_event (provider, event_id, type, api_version, livemode, status, task_id, payload, received_at)
    select provider, event_id, type, api_version, livemode, case when handled then 'pending' else 'ignored' end, task_id, payload,
      tallystick.clock()
    from first order by provider, event_id
    on conflict (provider, event_id) do nothing
    returning id, provider, event_id
  ), made as (
    select n, stored.id from first join stored using (provider, event_id)
  ), outcome as (
    select *, case when made.id is null then 'duplicate' when handled then 'accepted' else 'ignored' end as outcome
    from told left join made using (n)
  )
  select array_agg(outcome order by n), array_agg(task_id order by n) filter (where outcome = 'accepted'),
    array_agg(lane order by n) filter (where outcome = 'accepted'),
    array_agg(jsonb_build_object('eventId', id) order by n) filter (where outcome = 'accepted'),
    array_agg(traceparent order by n) filter (where outcome = 'accepted')
  into outcomes, task_ids, lanes, payloads, traceparents from outcome;
  -- No dedupe keys: the events' own are unique already.
  perform tallystick.enqueue_tasks('payment-event', p_max_attempts, task_ids, lanes, payloads, traceparents) where task_ids is not null;
  return outcomes;
end $$;
