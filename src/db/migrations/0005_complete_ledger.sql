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
drop index tallystick.credit_transaction_idempotency_key;
create unique index credit_transaction_idempotency_key on tallystick.credit_transaction (idempotency_key, account_id)
  where idempotency_key is not null;
alter table tallystick.credit_allocation drop constraint credit_allocation_pkey;
create index credit_allocation_transaction_idx on tallystick.credit_allocation (transaction_id);
alter table tallystick.credit_transaction alter column operation_id drop not null; -- null: the entry is its own operation's first

-- What is merged into an account, for its erasure.
create index user_credit_merged_into_idx on tallystick.user_credit (merged_into_id) where merged_into_id is not null;

-- Checks. Postgres reads the text of a table's checks anew for every statement that writes it: on the hot path they cost
-- as much as the writing (measured: 43 % of a consume). A domain's check is prepared once a session, and a column that an
-- update does not set is not checked again. So what concerns one column is its domain; what an entry's columns owe each
-- other is looked at by a trigger, which is compiled once; and of the checks of rows only that no more is held of a lot than
-- remains of it is left. That what remains is the amount less its draws, that a lot is open while something remains, and that
-- the book is no less than the debt, is for the audit.
create domain tallystick.user_id as text constraint user_id_check check (length(value) between 1 and 255);
create domain tallystick.unit as text constraint unit_check check (value ~ '^[a-z][a-z0-9_]{0,31}$');
create domain tallystick.credits as bigint
  constraint credits_safe_integer check (value between -9007199254740991 and 9007199254740991);
create domain tallystick.non_negative_amount as bigint constraint non_negative_amount_check check (value >= 0);
create domain tallystick.entry_amount as bigint
  constraint entry_amount_check check (value <> 0 and value between -9007199254740991 and 9007199254740991);
create domain tallystick.entry_type as text constraint entry_type_check check (value in (
  'register_gift', 'monthly_refresh', 'subscription_renewal', 'lifetime_monthly', 'purchase_package', 'rollover',
  'adjustment', 'usage', 'expire', 'refund', 'clawback', 'reinstate', 'transfer_in', 'transfer_out'));
create domain tallystick.idempotency_key as text constraint idempotency_key_check check (length(value) between 1 and 255);
create domain tallystick.positive_amount as bigint constraint positive_amount_check check (value > 0);
create domain tallystick.priority as integer constraint priority_check check (value between 0 and 1000);
create domain tallystick.scope as text[] constraint scope_check check (cardinality(value) > 0);

drop view tallystick.credit_transaction_detail;
alter table tallystick.user_credit
  drop constraint user_credit_user_id_check, drop constraint user_credit_unit_check,
  drop constraint user_credit_safe_integer, drop constraint user_credit_debt_check, drop constraint user_credit_book_check,
  alter user_id type tallystick.user_id, alter unit type tallystick.unit,
  alter current_credits type tallystick.credits, alter debt type tallystick.non_negative_amount;
alter table tallystick.credit_transaction
  drop constraint credit_transaction_amount_check, drop constraint credit_transaction_type_check,
  drop constraint credit_transaction_key_check, drop constraint credit_transaction_sign_check,
  drop constraint credit_transaction_key_hash_check, drop constraint credit_transaction_provider_fact_check,
  alter amount type tallystick.entry_amount, alter type type tallystick.entry_type,
  alter idempotency_key type tallystick.idempotency_key;
create function tallystick.entry_is_consistent() returns trigger language plpgsql as $$
begin
  -- Every consumption passes here, and what is asked is compiled anew for each.
  if new.type = 'usage' and new.amount < 0 and new.request_hash is null and new.provider is null and new.fact is null then
    return new;
  end if;
  if ((new.request_hash is null or new.idempotency_key is not null)
    and (new.idempotency_key is null or new.request_hash is not null or new.type = 'usage')
    and (new.provider is null) = (new.fact is null)
    and case new.type when 'usage' then new.amount < 0 when 'expire' then new.amount < 0 when 'clawback' then new.amount < 0
      when 'transfer_out' then new.amount < 0 when 'adjustment' then true else new.amount > 0 end)
  then
    return new;
  end if;
  raise exception 'an entry of type % can''t have amount % with this key, hash, provider and fact', new.type, new.amount
    using errcode = 'check_violation';
end $$;
create trigger credit_transaction_consistent before insert on tallystick.credit_transaction
  for each row execute function tallystick.entry_is_consistent();
alter table tallystick.credit_lot
  drop constraint credit_lot_amount_check, drop constraint credit_lot_priority_check, drop constraint credit_lot_scope_check,
  drop constraint credit_lot_bounds_check, drop constraint credit_lot_open_check, drop constraint credit_lot_validity_check,
  alter amount type tallystick.positive_amount, alter held_amount type tallystick.non_negative_amount,
  alter priority type tallystick.priority, alter scope type tallystick.scope,
  add constraint credit_lot_bounds_check check (held_amount <= remaining_amount);
alter table tallystick.credit_allocation
  drop constraint credit_allocation_amount_check, alter amount type tallystick.positive_amount;
create view tallystick.credit_transaction_detail as
  select entry.id, account.user_id, account.unit, entry.seq, entry.type, entry.amount, entry.balance_after,
    lot.remaining_amount, entry.description, lot.expiration_date, lot.expiration_date_processed_at,
    entry.payment_id, entry.actor, entry.metadata, entry.created_at, entry.created_at as updated_at
  from tallystick.credit_transaction entry
  join tallystick.user_credit account on account.id = entry.account_id
  left join tallystick.credit_lot lot on lot.id = entry.id;
