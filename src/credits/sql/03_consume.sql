-- consume: one negative entry, fully drawn on live lots in burn order, or a refusal that writes nothing. The account's
-- row is locked from the first statement on, so what is read after it is what is spent.
create or replace function tallystick.consume_credits(
  p_user_id text,
  p_amount bigint,
  p_unit text default 'credit',
  p_feature text default null,
  p_member text default null,
  p_idempotency_key text default null,
  p_description text default null,
  p_metadata jsonb default null
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  account tallystick.user_credit;
  t timestamptz;
  hash bytea;
  stored jsonb;
begin
  if p_amount is null or p_amount < 1 or p_amount > 9007199254740991 then
    return jsonb_build_object('outcome', 'invalid_request', 'message', 'amount must be a whole number from 1 to 2^53-1');
  end if;
  account := tallystick.lock_account(p_user_id, p_unit, false);
  if account.id is null then
    return jsonb_build_object('outcome', 'insufficient_credits', 'balance', 0, 'available', 0);
  end if;
  t := tallystick.clock();
  if t >= account.next_change_at then account := tallystick.catch_up(account, t); end if;
  if p_idempotency_key is not null then
    hash := tallystick.request_hash('consume', p_amount::text, p_feature, p_member);
    stored := tallystick.stored_outcome_of(p_user_id, account, p_idempotency_key, hash);
    if stored is not null then return stored; end if;
  end if;
  return tallystick.spend(account, p_amount, p_feature, p_member, t, p_idempotency_key, hash, p_description, p_metadata);
end $$;

-- Spends from a locked account whose totals are true at p_now: refused as a whole, or written as a whole.
create or replace function tallystick.spend(
  p_account tallystick.user_credit, p_amount bigint, p_feature text, p_member text, p_now timestamptz,
  p_idempotency_key text, p_request_hash bytea, p_description text, p_metadata jsonb, p_operation_id bigint default null
) returns jsonb language plpgsql as $$
declare
  plan record;
  refusal jsonb;
  entry_id bigint;
  balance bigint := p_account.cached_balance - p_amount;
  available bigint := p_account.cached_available - p_amount;
begin
  if p_account.frozen_at is not null then return jsonb_build_object('outcome', 'account_frozen'); end if;
  if available < 0 then
    return jsonb_build_object('outcome', 'insufficient_credits',
      'balance', p_account.cached_balance, 'available', p_account.cached_available);
  end if;
  plan := tallystick.burn_plan(p_account.id, p_amount, p_feature, p_now);
  if plan.missing > 0 then -- the rest of what is available belongs to other features
    return jsonb_build_object('outcome', 'insufficient_credits',
      'balance', p_account.cached_balance, 'available', p_amount - plan.missing);
  end if;
  if p_account.limited then
    refusal := tallystick.count_spend(p_account.id, p_member, p_amount, p_now);
    if refusal is not null then return refusal; end if;
  end if;

  entry_id := nextval('tallystick.credit_transaction_id_seq');
  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      answered_balance, answered_available, idempotency_key, request_hash, description, metadata, feature, member)
    overriding system value
    values (entry_id, p_account.id, p_account.seq + 1, -p_amount, p_account.current_credits - p_amount,
      coalesce(p_operation_id, entry_id), p_now, 'usage',
      case when p_request_hash is not null then balance end, case when p_request_hash is not null then available end,
      p_idempotency_key, p_request_hash, p_description, p_metadata, p_feature, p_member);
  perform tallystick.draw_on_lots(entry_id, plan.lot_ids, plan.takes, p_now);
  update tallystick.user_credit set current_credits = current_credits - p_amount, seq = seq + 1, updated_at = p_now,
      cached_balance = balance, cached_available = available
    where id = p_account.id;
  return jsonb_build_object('outcome', 'ok', 'replayed', false, 'transactionId', entry_id::text,
    'balance', balance, 'available', available, 'allocations', (
      select jsonb_agg(jsonb_build_object('lotId', lot_id::text, 'amount', take) order by n)
      from unnest(plan.lot_ids, plan.takes) with ordinality as draw (lot_id, take, n)));
end $$;
