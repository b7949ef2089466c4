-- receive: stores a verified event and the task that will handle it, in one statement, before anyone answers 200. An
-- event that is known changes nothing. Unhandled types are recorded and have no task.
create or replace function tallystick.receive_event(
  p_provider text, p_event_id text, p_type text, p_api_version text, p_livemode boolean, p_handled boolean,
  p_lane text, p_max_attempts integer, p_payload jsonb
) returns jsonb language plpgsql as $$
declare
  event_row_id bigint;
  -- Drawn first, so that the row with the payload is written once. A known event leaves a gap in the sequence.
  event_task_id bigint := case when p_handled then nextval('tallystick.task_id_seq') end;
begin
  insert into tallystick.webhook_event (provider, event_id, type, api_version, livemode, status, task_id, payload, received_at)
    values (p_provider, p_event_id, p_type, p_api_version, p_livemode,
      case when p_handled then 'pending' else 'ignored' end, event_task_id, p_payload, tallystick.clock())
    on conflict (provider, event_id) do nothing returning id into event_row_id;
  if event_row_id is null then return jsonb_build_object('outcome', 'duplicate'); end if;
  if not p_handled then return jsonb_build_object('outcome', 'ignored', 'id', event_row_id::text); end if;
  -- No dedupe key: the event's own is unique already.
  perform tallystick.enqueue_task('payment-event', jsonb_build_object('eventId', event_row_id), p_max_attempts, p_lane, p_id => event_task_id);
  return jsonb_build_object('outcome', 'accepted', 'id', event_row_id::text);
end $$;
