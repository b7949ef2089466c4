-- not breaking
-- The attempt that runs, or the one that ended well, stands in its task's row: most tasks have no other, and need no row for it.
alter table tallystick.task add column started_at timestamptz, add column worker text;
update tallystick.task set started_at = attempt.started_at, worker = attempt.worker
  from tallystick.task_attempt attempt
  where task.status = 'running' and attempt.task_id = task.id and attempt.lease_token = task.lease_token;
update tallystick.task set started_at = updated_at where status = 'running' and started_at is null;
delete from tallystick.task_attempt where outcome = 'running';
alter table tallystick.task add constraint task_started_check check (status <> 'running' or started_at is not null);
