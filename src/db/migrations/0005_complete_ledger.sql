-- not breaking
-- What the whole ledger needs beside the tables of 0001: returns of money, settled holds' answers, who spent and on what.

-- What a payment was paid and has returned, as last told; the ledger's own, so that a grant that comes later settles too.
create table tallystick.credit_return (
  payment_id bigint primary key,
  paid_amount bigint not null constraint credit_return_paid_check check (paid_amount >= 0),
  returned_amount bigint not null constraint credit_return_returned_check check (returned_amount between 0 and paid_amount),
  -- What happens to credits that are spent already: they stay as debt, or they are forgiven.
  policy text not null default 'debt' constraint credit_return_policy_check check (policy in ('debt', 'forgive')),
  updated_at timestamptz not null
);

alter table tallystick.user_credit
  add column frozen_by text,
  add column frozen_reason text,
  -- Whether any spend limit concerns the account, so that the others needn't look for one.
  add column limited boolean not null default false,
  -- Whether it ever had a hold, so that the others' keys needn't be looked up among holds.
  add column has_holds boolean not null default false;

-- What spent, and which member of a shared account. Null costs no byte.
alter table tallystick.credit_transaction
  add column feature text,
  add column member text;

alter table tallystick.credit_hold
  add column member text,
  add column settle_answered_balance bigint,
  add column settle_answered_available bigint;

-- Where a limit's day, week and month begin. The limit's own, so that no counter changes its period afterwards.
alter table tallystick.credit_spend_limit add column time_zone text not null default 'UTC';

-- The entries that may have a shortfall, few among many: whatever becomes free looks for them while there is debt.
create index credit_transaction_shortfall_idx on tallystick.credit_transaction (account_id, id)
  where type in ('clawback', 'transfer_out');

-- Room. An operation's first entry needn't name itself; a consume's entry is its whole request, so it needs no hash; keys that begin with the time are appended at the
-- index's end when they come first; draws are found by their entry, and the account's lock numbers them.
alter table tallystick.credit_transaction drop constraint credit_transaction_key_hash_check,
  add constraint credit_transaction_key_hash_check check (
    request_hash is null or idempotency_key is not null),
  add constraint credit_transaction_hash_check check (idempotency_key is null or request_hash is not null or type = 'usage');
drop index tallystick.credit_transaction_idempotency_key;
create unique index credit_transaction_idempotency_key on tallystick.credit_transaction (idempotency_key, account_id)
  where idempotency_key is not null;
alter table tallystick.credit_allocation drop constraint credit_allocation_pkey;
create index credit_allocation_transaction_idx on tallystick.credit_allocation (transaction_id);
alter table tallystick.credit_transaction alter column operation_id drop not null; -- null: the entry is its own operation's first

-- What is merged into an account, for its erasure.
create index user_credit_merged_into_idx on tallystick.user_credit (merged_into_id) where merged_into_id is not null;
