-- not breaking
-- How far the comparison of what a provider says happened with what is known here has come.
create table tallystick.payment_reconcile (
  provider text primary key,
  -- What is compared: what happened between these.
  since timestamptz not null,
  until timestamptz not null,
  -- The provider's own word for where the next page begins; null: at the first.
  position text,
  seen bigint not null default 0,
  missing bigint not null default 0,
  started_at timestamptz not null,
  finished_at timestamptz,
  -- Until when whoever goes on with it may be believed to live.
  lease_until timestamptz not null
);
