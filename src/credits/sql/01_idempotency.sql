-- Idempotency: one key, one effect, one answer, for ever. Keys lie on the first entry or the hold that an operation wrote.

-- Identifies a request under its key: operation and canonical parameters, no description, metadata or times.
create or replace function tallystick.request_hash(variadic p_parts text[]) returns bytea language sql stable as $$
  select substring(sha256(convert_to(to_jsonb(p_parts)::text, 'UTF8')) from 1 for 16)
$$;

-- The stored outcome of an idempotency key, a conflict, or null when the key is new. Called under the account's lock
-- and before any look at the balance: a replay on a short balance is a replay, not a refusal.
create or replace function tallystick.stored_outcome(p_account_id bigint, p_key text, p_hash bytea)
returns jsonb language plpgsql as $$
declare
  entry record;
  hold tallystick.credit_hold;
begin
  select id, request_hash, answered_balance, answered_available into entry
    from tallystick.credit_transaction where account_id = p_account_id and idempotency_key = p_key;
  if found then
    if entry.request_hash is distinct from p_hash then return jsonb_build_object('outcome', 'idempotency_conflict'); end if;
    return jsonb_build_object('outcome', 'ok', 'replayed', true, 'transactionId', entry.id::text,
      'balance', entry.answered_balance, 'available', entry.answered_available,
      'allocations', tallystick.allocations_of(entry.id));
  end if;
  select * into hold from tallystick.credit_hold where account_id = p_account_id and idempotency_key = p_key;
  if found then
    if hold.request_hash <> p_hash then return jsonb_build_object('outcome', 'idempotency_conflict'); end if;
    return tallystick.hold_answer(hold, hold.answered_balance, hold.answered_available, true);
  end if;
  select * into hold from tallystick.credit_hold where account_id = p_account_id and settle_idempotency_key = p_key;
  if found then
    if hold.settle_request_hash <> p_hash then return jsonb_build_object('outcome', 'idempotency_conflict'); end if;
    return tallystick.hold_answer(hold, hold.settle_answered_balance, hold.settle_answered_available, true);
  end if;
  return null;
end $$;

-- The same for a user id that may be an alias: its own keys first, then those of the accounts that it is merged into.
create or replace function tallystick.stored_outcome_of(p_user_id text, p_account tallystick.user_credit, p_key text, p_hash bytea)
returns jsonb language plpgsql as $$
begin
  if p_account.id is null then return null; end if;
  if p_account.user_id = p_user_id then return tallystick.stored_outcome(p_account.id, p_key, p_hash); end if;
  return tallystick.stored_outcome_from(
    (select id from tallystick.user_credit where user_id = p_user_id and unit = p_account.unit), p_key, p_hash);
end $$;

-- The same for an account's id.
create or replace function tallystick.stored_outcome_from(p_account_id bigint, p_key text, p_hash bytea)
returns jsonb language plpgsql as $$
declare
  account_id bigint;
  stored jsonb;
begin
  foreach account_id in array tallystick.account_chain(p_account_id) loop
    stored := tallystick.stored_outcome(account_id, p_key, p_hash);
    exit when stored is not null;
  end loop;
  return stored;
end $$;

-- The same for a consume, whose entry is its request: amount, feature and member are compared themselves. Totals that
-- were the balance after the entry are not stored again. The user id may be an alias.
create or replace function tallystick.stored_consume(
  p_user_id text, p_unit text, p_key text, p_amount bigint, p_feature text, p_member text
) returns jsonb language plpgsql as $$
declare
  asked_account_id bigint;
  entry tallystick.credit_transaction;
begin
  foreach asked_account_id in array tallystick.account_chain(
    (select id from tallystick.user_credit where user_id = p_user_id and unit = p_unit))
  loop
    select * into entry from tallystick.credit_transaction
      where account_id = asked_account_id and idempotency_key = p_key;
    if found then
      if entry.request_hash is not null or entry.amount <> -p_amount
        or entry.feature is distinct from p_feature or entry.member is distinct from p_member
      then
        return jsonb_build_object('outcome', 'idempotency_conflict');
      end if;
      entry.answered_balance := coalesce(entry.answered_balance, entry.balance_after);
      return jsonb_build_object('outcome', 'ok', 'replayed', true, 'transactionId', entry.id::text,
        'balance', entry.answered_balance, 'available', coalesce(entry.answered_available, entry.answered_balance),
        'allocations', tallystick.allocations_of(entry.id));
    end if;
    if exists (select from tallystick.credit_hold where account_id = asked_account_id
        and (idempotency_key = p_key or settle_idempotency_key = p_key)) then
      return jsonb_build_object('outcome', 'idempotency_conflict');
    end if;
  end loop;
  return null;
end $$;

create or replace function tallystick.allocations_of(p_transaction_id bigint) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('lotId', lot_id::text, 'amount', amount) order by n), '[]'::jsonb)
  from tallystick.credit_allocation where transaction_id = p_transaction_id
$$;
