-- not breaking
-- The outbox: one row for each message and channel, written in the transaction of the effect it announces.

create table tallystick.notification (
  id bigint generated always as identity primary key,
  message_key text not null,
  channel text not null,
  kind text not null,
  severity text not null constraint notification_severity_check check (severity in ('info', 'warning', 'critical')),
  title text not null,
  body text not null,
  fields jsonb not null default '[]',
  status text not null default 'pending' constraint notification_status_check check (status in ('pending', 'sent', 'failed')),
  created_at timestamptz not null,
  sent_at timestamptz,
  constraint notification_message_channel_key unique (message_key, channel)
);
create index notification_status_idx on tallystick.notification (status, id);
