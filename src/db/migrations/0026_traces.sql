-- not breaking
-- The W3C traceparent of what enqueued the task; null where nobody listens.
alter table tallystick.task add column traceparent text;
