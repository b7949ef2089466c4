-- not breaking
-- Notifications that are told together, whom they are about, and the keys of those removed long after they were told.

alter table tallystick.notification
  -- Kind and cause: those of one group and channel may be told by one message. Null: told alone.
  add column group_key text,
  -- When it took in what it tells beside itself; what comes later is told by another.
  add column gathered_at timestamptz,
  -- The notification that told, or will tell, this one. No foreign key: that one may be removed first.
  add column told_by bigint,
  -- Null: about nobody, or written before this was kept.
  add column user_id text,
  -- In the product's own words, which may hold anything.
  add column custom boolean not null default false;

-- When a group was told last; and what of it waits to be told. Both stay small, whatever was told before.
create index notification_gathered_idx on tallystick.notification (channel, group_key, gathered_at)
  where gathered_at is not null;
create index notification_waiting_idx on tallystick.notification (channel, group_key)
  where group_key is not null and status = 'pending' and gathered_at is null and told_by is null;
create index notification_told_by_idx on tallystick.notification (told_by) where told_by is not null;

-- What was told and removed: sixteen bytes of a digest of channel and key, so that no key is announced again, for ever.
create table tallystick.notification_told (
  digest uuid primary key
);
