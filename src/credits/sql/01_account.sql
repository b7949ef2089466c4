-- Accounts: how one is found and locked, and what its lots add up to at a moment.

-- Locks the account that a user id stands for, following merges. Every writing operation begins here, so that all of an
-- account's lots, holds and entries are guarded by this one row. NO KEY UPDATE, so that foreign keys don't wait for it.
create or replace function tallystick.lock_account(p_user_id text, p_unit text, p_create boolean)
returns tallystick.user_credit language plpgsql as $$
declare
  account tallystick.user_credit;
begin
  select * into account from tallystick.user_credit where user_id = p_user_id and unit = p_unit for no key update;
  if not found then
    if not p_create then return null; end if;
    insert into tallystick.user_credit (user_id, unit) values (p_user_id, p_unit) on conflict (user_id, unit) do nothing;
    select * into account from tallystick.user_credit where user_id = p_user_id and unit = p_unit for no key update;
  end if;
  while account.merged_into_id is not null loop
    select * into account from tallystick.user_credit where id = account.merged_into_id for no key update;
  end loop;
  return account;
end $$;

-- What is shown and what can be spent at p_now, from the lots; next_change_at is the next moment at which time alone
-- changes the answer. Validity is half open: effective_at <= now < expiration_date.
create or replace function tallystick.account_totals(
  p_account_id bigint, p_book bigint, p_debt bigint, p_now timestamptz,
  out balance bigint, out available bigint, out held bigint, out next_change_at timestamptz
) language sql stable as $$
  select
    (p_book
      - coalesce(sum(remaining_amount - held_amount) filter (where expiration_date <= p_now), 0)
      - coalesce(sum(remaining_amount) filter (where effective_at > p_now), 0))::bigint,
    case when p_debt > 0 then 0::bigint else coalesce(sum(remaining_amount - held_amount)
      filter (where effective_at <= p_now and (expiration_date is null or expiration_date > p_now)), 0)::bigint end,
    coalesce(sum(held_amount), 0)::bigint,
    least(
      coalesce(min(expiration_date) filter (where expiration_date > p_now), 'infinity'),
      coalesce(min(effective_at) filter (where effective_at > p_now), 'infinity'))
  from tallystick.credit_lot
  where account_id = p_account_id and open
$$;

-- Identifies a request under its idempotency key: operation and canonical parameters, no description, metadata or times.
create or replace function tallystick.request_hash(variadic p_parts text[]) returns bytea language sql immutable as $$
  select substring(sha256(convert_to(array_to_string(p_parts, E'\x1f', E'\x1e'), 'UTF8')) from 1 for 16)
$$;

-- The stored outcome of an idempotency key, a conflict, or null when the key is new. Called under the account's lock
-- and before any look at the balance: a replay on a short balance is a replay, not a refusal.
create or replace function tallystick.stored_outcome(p_account_id bigint, p_key text, p_hash bytea)
returns jsonb language plpgsql as $$
declare
  entry record;
begin
  select id, request_hash, answered_balance, answered_available into entry
    from tallystick.credit_transaction where account_id = p_account_id and idempotency_key = p_key;
  if found then
    if entry.request_hash <> p_hash then return jsonb_build_object('outcome', 'idempotency_conflict'); end if;
    return jsonb_build_object('outcome', 'ok', 'replayed', true, 'transactionId', entry.id::text,
      'balance', entry.answered_balance, 'available', entry.answered_available,
      'allocations', tallystick.allocations_of(entry.id));
  end if;
  if exists (select from tallystick.credit_hold where account_id = p_account_id
      and (idempotency_key = p_key or settle_idempotency_key = p_key)) then
    return jsonb_build_object('outcome', 'idempotency_conflict');
  end if;
  return null;
end $$;

create or replace function tallystick.allocations_of(p_transaction_id bigint) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('lotId', lot_id::text, 'amount', amount) order by n), '[]'::jsonb)
  from tallystick.credit_allocation where transaction_id = p_transaction_id
$$;
