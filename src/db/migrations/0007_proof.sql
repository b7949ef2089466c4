-- not breaking
-- Proof that goes on by itself: runs of the audit and of sealing, each with the place from which its next step goes on.

create table tallystick.credit_proof_run (
  id bigint generated always as identity primary key,
  kind text not null constraint credit_proof_run_kind_check check (kind in ('audit', 'seal')),
  -- What is walked: account ids, then entry ids, then accounts again for their seals.
  walk text not null constraint credit_proof_run_walk_check check (walk in ('accounts', 'entries', 'seals')),
  next_id bigint not null,
  last_id bigint not null,
  -- Ids that the next step takes: as many as can be done in about half a second.
  step_size integer not null,
  steps bigint not null default 0,
  violations bigint not null default 0,
  -- The first violations, as they were found.
  findings jsonb not null default '[]',
  started_at timestamptz not null,
  finished_at timestamptz
);
-- One run of a kind at a time.
create unique index credit_proof_run_open_key on tallystick.credit_proof_run (kind) where finished_at is null;
create index credit_proof_run_kind_idx on tallystick.credit_proof_run (kind, id);
