-- remove: of the oldest p_batch notifications that were sent, those sent before the given number of days; their keys stay
-- as digests, in the same statement. Looks at p_batch rows and no more, and locks none of those that stay, so it costs next to
-- nothing when nothing is to be done.
create or replace function tallystick.remove_told_notifications(p_days integer, p_batch integer) returns bigint
language sql as $$
  with old as (
    select id from (
      select id, sent_at from tallystick.notification where status = 'sent' order by id limit p_batch) oldest
    where sent_at < (select tallystick.clock()) - make_interval(days => p_days)
  ), removed as (
    delete from tallystick.notification using old where notification.id = old.id
    returning notification.channel, notification.message_key
  ), kept as (
    insert into tallystick.notification_told (digest)
    select tallystick.notification_digest(channel, message_key) from removed
    on conflict do nothing
  )
  select count(*) from removed
$$;
