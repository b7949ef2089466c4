-- not breaking
-- The durable task runtime: what is to be done, one row each; lanes, in which tasks run one at a time; every attempt.

create table tallystick.task (
  id bigint generated always as identity primary key,
  name text not null constraint task_name_check check (length(name) between 1 and 100),
  payload jsonb not null default '{}',
  status text not null default 'pending' constraint task_status_check check (status in ('pending', 'running', 'done', 'dead', 'cancelled')),
  lane text,
  dedupe_key text, -- unique for ever; null: no dedupe
  attempts integer not null default 0,
  max_attempts integer not null constraint task_max_attempts_check check (max_attempts > 0),
  run_at timestamptz not null,
  lease_until timestamptz,
  lease_token bigint,
  last_error text,
  last_error_code text,
  result jsonb,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  constraint task_lease_check check ((status = 'running') = (lease_token is not null))
) with (fillfactor = 70);
create unique index task_dedupe_key on tallystick.task (dedupe_key) where dedupe_key is not null;
-- Each claim is served by exactly one partial index, so that its plan does not depend on fresh statistics.
create index task_lane_head_idx on tallystick.task (lane, run_at, id) where status = 'pending' and lane is not null;
create index task_due_idx on tallystick.task (run_at, id) where status = 'pending' and lane is null;
create index task_lease_idx on tallystick.task (lease_until) where status = 'running';
create index task_status_idx on tallystick.task (status, id);
create index task_finished_idx on tallystick.task (finished_at) where finished_at is not null;

create sequence tallystick.task_lease_token_seq;

-- A lane is leased from claim to settlement. ready_at: when to look at it again; null: nothing waits in it.
create table tallystick.task_lane (
  name text primary key constraint task_lane_name_check check (length(name) between 1 and 255),
  ready_at timestamptz,
  lease_token bigint, -- of the task that runs in it
  task_id bigint,
  paused_until timestamptz
) with (fillfactor = 50);
create index task_lane_ready_idx on tallystick.task_lane (ready_at) where ready_at is not null;

create table tallystick.task_attempt (
  id bigint generated always as identity primary key,
  task_id bigint not null references tallystick.task (id) on delete cascade,
  attempt integer not null,
  lease_token bigint,
  outcome text not null default 'running' constraint task_attempt_outcome_check
    check (outcome in ('running', 'done', 'retry', 'snoozed', 'dead', 'lost', 'replayed', 'cancelled')),
  worker text,
  error text,
  error_code text,
  started_at timestamptz not null,
  finished_at timestamptz
);
create index task_attempt_task_idx on tallystick.task_attempt (task_id, id);

-- One row for each due slot of a schedule: whoever inserts it has claimed the slot.
create table tallystick.schedule_run (
  id bigint generated always as identity primary key,
  task_name text not null,
  due_at timestamptz not null,
  status text not null constraint schedule_run_status_check check (status in ('enqueued', 'running', 'done', 'failed', 'missed')),
  task_id bigint,
  started_at timestamptz,
  finished_at timestamptz,
  counts jsonb,
  error text,
  constraint schedule_run_slot_key unique (task_name, due_at)
);
create index schedule_run_task_id_idx on tallystick.schedule_run (task_id) where task_id is not null;
