-- The outbox's statements that must look twice: each sees in its second statement what was committed while it waited in
-- its first.

create or replace function tallystick.notification_digest(p_channel text, p_key text) returns uuid
language sql immutable parallel safe as $$
  select encode(substring(sha256(convert_to(p_channel || E'\n' || p_key, 'UTF8')) from 1 for 16), 'hex')::uuid
$$;

-- write: one message for one channel. Null when its key was announced before, also when that was removed since: a removal
-- that commits during the insert is seen by the statement after it. Else its id, and when it is due: now, or when its
-- group may be told again.
create or replace function tallystick.write_notification(
  p_key text, p_channel text, p_kind text, p_severity text, p_title text, p_body text, p_fields jsonb,
  p_user_id text, p_custom boolean, p_group_key text, p_window_ms bigint
) returns jsonb language plpgsql as $$
declare
  new_id bigint;
  last_told timestamptz;
begin
  insert into tallystick.notification
      (message_key, channel, kind, severity, title, body, fields, user_id, custom, group_key, created_at)
    values (p_key, p_channel, p_kind, p_severity, p_title, p_body, p_fields, p_user_id, p_custom, p_group_key, tallystick.clock())
    on conflict (message_key, channel) do nothing returning id into new_id;
  if new_id is null then return null; end if;
  if exists (select from tallystick.notification_told where digest = tallystick.notification_digest(p_channel, p_key)) then
    delete from tallystick.notification where id = new_id;
    return null;
  end if;
  if p_group_key is not null then
    select max(gathered_at) into last_told from tallystick.notification
      where channel = p_channel and group_key = p_group_key and gathered_at is not null;
  end if;
  return jsonb_build_object('id', new_id, 'runAt', last_told + make_interval(secs => p_window_ms / 1000.0));
end $$;

-- gather: what a notification tells beside itself is fixed once and for all before it is sent, so that each try says the
-- same. Answers `waitMs` while its group must not be told yet, and `toldBy` when another tells it. A task that lost its
-- lease may gather beside the one that took it over: the group's rows are locked in the order of their ids.
create or replace function tallystick.gather_notifications(p_id bigint, p_window_ms bigint) returns jsonb
language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  mine tallystick.notification;
  locked bigint[];
  free_at timestamptz;
begin
  select * into mine from tallystick.notification where id = p_id;
  if mine.told_by is not null then return jsonb_build_object('toldBy', mine.told_by); end if;
  if mine.gathered_at is not null or mine.group_key is null or mine.status = 'sent' then return '{}'; end if;
  select array_agg(id) into locked from (
    select id from tallystick.notification
      where id = p_id or (channel = mine.channel and group_key = mine.group_key and group_key is not null
        and status = 'pending' and gathered_at is null and told_by is null)
      order by id for update) waiting;
  -- Again, as it may have changed while the locks were waited for.
  select * into mine from tallystick.notification where id = p_id;
  if mine.told_by is not null then return jsonb_build_object('toldBy', mine.told_by); end if;
  if mine.gathered_at is not null or mine.status = 'sent' then return '{}'; end if;
  select max(gathered_at) + make_interval(secs => p_window_ms / 1000.0) into free_at
    from tallystick.notification where channel = mine.channel and group_key = mine.group_key and gathered_at is not null;
  if free_at > t then
    return jsonb_build_object('waitMs', ceil(extract(epoch from free_at - t) * 1000));
  end if;
  update tallystick.notification set gathered_at = t where id = p_id;
  update tallystick.notification set told_by = p_id where id = any(locked) and id <> p_id;
  return '{}';
end $$;
