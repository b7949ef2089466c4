-- not breaking
-- When a driver was handed a wake for the task; null: not since it was last made due.
alter table tallystick.task add column woken_at timestamptz;
create index task_unwoken_idx on tallystick.task (id) where status = 'pending' and woken_at is null;
