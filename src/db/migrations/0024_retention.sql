-- not breaking
-- Keys of tasks that were removed, as sixteen bytes of a digest, so that no key is enqueued again, for ever.
create table tallystick.task_key (
  digest uuid primary key,
  task_id bigint not null
);
-- Finished tasks are found by name: some belong to rows of others, and are removed with those.
drop index tallystick.task_finished_idx;
create index task_ended_idx on tallystick.task (name, finished_at) where status in ('done', 'cancelled');

-- Null: the event had no effect, or the body was removed.
alter table tallystick.webhook_event alter column payload drop not null;
create index webhook_event_body_idx on tallystick.webhook_event (received_at)
  where payload is not null and status in ('processed', 'ignored');
