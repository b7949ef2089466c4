-- not breaking
-- The ledger: accounts, the append-only journal, what remains of each positive entry, and what each negative one drew.
-- No foreign keys between journal, lots and draws: only the functions of the ledger write them, under the account's
-- row lock, and the audit proves their correspondence; three key checks a spend would cost more than the spend.

create table tallystick.user_credit (
  id bigint generated always as identity primary key,
  user_id text not null constraint user_credit_user_id_check check (length(user_id) between 1 and 255),
  unit text not null default 'credit' constraint user_credit_unit_check check (unit ~ '^[a-z][a-z0-9_]{0,31}$'),
  -- The book: sum of the journal; negative only by debt.
  current_credits bigint not null default 0
    constraint user_credit_safe_integer check (current_credits between -9007199254740991 and 9007199254740991),
  debt bigint not null default 0 constraint user_credit_debt_check check (debt >= 0),
  seq bigint not null default 0,
  frozen_at timestamptz,
  time_zone text not null default 'UTC',
  -- A merged account is an alias: calls under its user id act on the target.
  merged_into_id bigint references tallystick.user_credit (id),
  -- What a read answers, true until next_change_at: the next moment at which time alone changes it.
  cached_balance bigint not null default 0,
  cached_available bigint not null default 0,
  cached_held bigint not null default 0,
  next_change_at timestamptz not null default 'infinity',
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint user_credit_book_check check (current_credits >= -debt),
  constraint user_credit_user_id_unit_key unique (user_id, unit)
) with (fillfactor = 50);

create table tallystick.credit_transaction (
  id bigint generated always as identity primary key,
  account_id bigint not null,
  seq bigint not null,
  amount bigint not null constraint credit_transaction_amount_check
    check (amount <> 0 and amount between -9007199254740991 and 9007199254740991),
  balance_after bigint not null,
  -- The id of the first entry that the same operation wrote.
  operation_id bigint not null,
  created_at timestamptz not null,
  type text not null constraint credit_transaction_type_check check (type in (
    'register_gift', 'monthly_refresh', 'subscription_renewal', 'lifetime_monthly', 'purchase_package', 'rollover',
    'adjustment', 'usage', 'expire', 'refund', 'clawback', 'reinstate', 'transfer_in', 'transfer_out')),
  payment_id bigint,
  -- A refund or reinstatement names the debit and the number of its draw.
  refund_of_id bigint,
  refund_draw integer,
  -- The balance and available that were answered under the key, so that a replay answers the same.
  answered_balance bigint,
  answered_available bigint,
  idempotency_key text constraint credit_transaction_key_check check (length(idempotency_key) between 1 and 255),
  request_hash bytea,
  -- A fact of a payment provider: unique over all accounts, for ever.
  provider text,
  fact text,
  actor text,
  description text,
  metadata jsonb,
  constraint credit_transaction_sign_check check (case
    when type in ('usage', 'expire', 'clawback', 'transfer_out') then amount < 0
    when type = 'adjustment' then true
    else amount > 0 end),
  constraint credit_transaction_key_hash_check check ((idempotency_key is null) = (request_hash is null)),
  constraint credit_transaction_provider_fact_check check ((provider is null) = (fact is null))
);
create unique index credit_transaction_account_seq_key on tallystick.credit_transaction (account_id, seq);
create unique index credit_transaction_idempotency_key on tallystick.credit_transaction (account_id, idempotency_key)
  where idempotency_key is not null;
create unique index credit_transaction_fact_key on tallystick.credit_transaction (provider, fact) where fact is not null;
create index credit_transaction_refund_of_idx on tallystick.credit_transaction (refund_of_id) where refund_of_id is not null;
create index credit_transaction_payment_idx on tallystick.credit_transaction (payment_id) where payment_id is not null;

-- The journal is append-only. Personal text can be erased; nothing else ever changes.
create function tallystick.journal_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if to_jsonb(new) - '{description,metadata}'::text[] = to_jsonb(old) - '{description,metadata}'::text[]
      and (new.description is null or new.description is not distinct from old.description)
      and (new.metadata is null or new.metadata is not distinct from old.metadata)
    then
      return new;
    end if;
  end if;
  raise exception 'credit_transaction is append-only: % refused; write a correcting entry instead', lower(tg_op)
    using errcode = 'restrict_violation';
end $$;
create trigger credit_transaction_append_only before update or delete on tallystick.credit_transaction
  for each row execute function tallystick.journal_is_append_only();
create trigger credit_transaction_no_truncate before truncate on tallystick.credit_transaction
  for each statement execute function tallystick.journal_is_append_only();

create table tallystick.credit_lot (
  id bigint primary key, -- the id of its positive entry
  account_id bigint not null,
  amount bigint not null constraint credit_lot_amount_check check (amount > 0),
  remaining_amount bigint not null,
  held_amount bigint not null default 0,
  priority integer not null default 100 constraint credit_lot_priority_check check (priority between 0 and 1000),
  -- Features that may use the lot; null: all.
  scope text[] constraint credit_lot_scope_check check (cardinality(scope) > 0),
  effective_at timestamptz not null,
  expiration_date timestamptz, -- null: never
  expiration_date_processed_at timestamptz,
  payment_id bigint,
  -- Something remains. A column of its own, because a partial index on remaining_amount would end HOT updates.
  open boolean not null default true,
  constraint credit_lot_bounds_check check (0 <= held_amount and held_amount <= remaining_amount and remaining_amount <= amount),
  constraint credit_lot_open_check check (open = (remaining_amount > 0)),
  constraint credit_lot_validity_check check (expiration_date > effective_at)
) with (fillfactor = 50);
-- The burn order, policy v1: priority, scoped first, earliest expiration (never last), oldest.
create index credit_lot_burn_order_idx on tallystick.credit_lot
  (account_id, priority, (scope is null), expiration_date, id) where open;
create index credit_lot_expiration_idx on tallystick.credit_lot (expiration_date) where open and expiration_date is not null;
create index credit_lot_payment_idx on tallystick.credit_lot (payment_id) where payment_id is not null;

create table tallystick.credit_allocation (
  transaction_id bigint not null, -- the negative entry
  n integer not null,
  lot_id bigint not null,
  amount bigint not null constraint credit_allocation_amount_check check (amount > 0),
  created_at timestamptz not null,
  primary key (transaction_id, n)
);
create index credit_allocation_lot_idx on tallystick.credit_allocation (lot_id);

create table tallystick.credit_hold (
  id bigint generated always as identity primary key,
  account_id bigint not null,
  amount bigint not null constraint credit_hold_amount_check check (amount > 0),
  captured_amount bigint not null default 0,
  status text not null default 'open' constraint credit_hold_status_check check (status in ('open', 'captured', 'voided', 'expired')),
  feature text,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  settled_at timestamptz,
  capture_transaction_id bigint,
  answered_balance bigint,
  answered_available bigint,
  idempotency_key text,
  request_hash bytea,
  settle_idempotency_key text,
  settle_request_hash bytea,
  description text,
  metadata jsonb,
  constraint credit_hold_captured_check check (captured_amount between 0 and amount),
  constraint credit_hold_settled_check check ((status = 'open') = (settled_at is null))
);
create unique index credit_hold_idempotency_key on tallystick.credit_hold (account_id, idempotency_key) where idempotency_key is not null;
create unique index credit_hold_settle_idempotency_key on tallystick.credit_hold (account_id, settle_idempotency_key)
  where settle_idempotency_key is not null;
create index credit_hold_account_idx on tallystick.credit_hold (account_id, expires_at) where status = 'open';
create index credit_hold_deadline_idx on tallystick.credit_hold (expires_at) where status = 'open';

create table tallystick.credit_hold_lot (
  hold_id bigint not null,
  n integer not null,
  lot_id bigint not null,
  amount bigint not null constraint credit_hold_lot_amount_check check (amount > 0),
  primary key (hold_id, n)
);

-- An account's right to a plan's periodic credits. A paid year is a row of twelve periods; a free plan never ends.
create table tallystick.credit_enrolment (
  id bigint generated always as identity primary key,
  account_id bigint not null references tallystick.user_credit (id),
  plan_id text not null constraint credit_enrolment_plan_id_check check (length(plan_id) between 1 and 255),
  type text not null constraint credit_enrolment_type_check check (type in ('monthly_refresh', 'subscription_renewal', 'lifetime_monthly')),
  quantity bigint not null default 1 constraint credit_enrolment_quantity_check check (quantity > 0),
  -- Period k begins k months after the anchor's local date in the account's zone, clamped to the month's end.
  anchor_at timestamptz not null,
  first_period integer not null default 0,
  period_count integer constraint credit_enrolment_period_count_check check (period_count > 0), -- null: without end
  next_period integer not null default 0,
  -- When the next period begins; null when all are granted or the enrolment ended.
  next_due_at timestamptz,
  ended_at timestamptz,
  payment_id bigint,
  provider text,
  fact text,
  -- What the enrolment hangs on at its source, such as a subscription, so that its end can end this too.
  source text,
  created_at timestamptz not null default clock_timestamp(),
  constraint credit_enrolment_ended_check check (ended_at is null or next_due_at is null),
  constraint credit_enrolment_provider_fact_check check ((provider is null) = (fact is null))
) with (fillfactor = 70);
create unique index credit_enrolment_plan_key on tallystick.credit_enrolment (account_id, plan_id) where fact is null and ended_at is null;
create unique index credit_enrolment_fact_key on tallystick.credit_enrolment (provider, fact) where fact is not null;
create index credit_enrolment_due_idx on tallystick.credit_enrolment (next_due_at) where next_due_at is not null;
create index credit_enrolment_account_idx on tallystick.credit_enrolment (account_id);
create index credit_enrolment_source_idx on tallystick.credit_enrolment (source) where source is not null;

create table tallystick.credit_spend_limit (
  id bigint generated always as identity primary key,
  account_id bigint not null references tallystick.user_credit (id),
  member text, -- null: the account as a whole
  period text not null constraint credit_spend_limit_period_check check (period in ('day', 'week', 'month')),
  amount bigint not null constraint credit_spend_limit_amount_check check (amount >= 0),
  created_at timestamptz not null default clock_timestamp(),
  constraint credit_spend_limit_key unique nulls not distinct (account_id, member, period)
);

create table tallystick.credit_spend_counter (
  limit_id bigint not null references tallystick.credit_spend_limit (id) on delete cascade,
  period_start date not null,
  amount bigint not null constraint credit_spend_counter_amount_check check (amount >= 0),
  primary key (limit_id, period_start)
) with (fillfactor = 50);

-- Seals chain ranges of an account's entries under a key that is not in the database.
create table tallystick.credit_seal (
  account_id bigint not null,
  from_seq bigint not null,
  to_seq bigint not null,
  key_id text not null,
  seal bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (account_id, from_seq),
  constraint credit_seal_range_check check (from_seq >= 1 and to_seq >= from_seq)
);

-- The reference's picture of a credit transaction: entry and lot as one row.
create view tallystick.credit_transaction_detail as
  select entry.id, account.user_id, account.unit, entry.seq, entry.type, entry.amount, entry.balance_after,
    lot.remaining_amount, entry.description, lot.expiration_date, lot.expiration_date_processed_at,
    entry.payment_id, entry.actor, entry.metadata, entry.created_at, entry.created_at as updated_at
  from tallystick.credit_transaction entry
  join tallystick.user_credit account on account.id = entry.account_id
  left join tallystick.credit_lot lot on lot.id = entry.id;
