-- consume: one negative entry, fully drawn on live lots in burn order, or a refusal that writes nothing. The account's
-- row is locked from the first statement on, so what is read after it is what is spent.
--
-- enable_sort is off for the function alone: the burn order is an index's order, and reading along it ends with the last
-- lot needed. With stale statistics the planner would read and sort all lots of an account (measured with 10,000 lots:
-- 8.6 ms against 1.3 ms).
create or replace function tallystick.consume_credits(
  p_user_id text,
  p_amount bigint,
  p_unit text default 'credit',
  p_feature text default null,
  p_idempotency_key text default null,
  p_description text default null,
  p_metadata jsonb default null
) returns jsonb language plpgsql set lock_timeout = '5s' set enable_sort = off as $$
declare
  account tallystick.user_credit;
  t timestamptz;
  hash bytea;
  stored jsonb;
  totals record;
  lot record;
  wanted bigint := p_amount;
  take bigint;
  lot_ids bigint[] := '{}';
  takes bigint[] := '{}';
  allocations jsonb := '[]';
  entry_id bigint;
begin
  if p_amount is null or p_amount < 1 or p_amount > 9007199254740991 then
    return jsonb_build_object('outcome', 'invalid_request', 'message', 'amount must be a whole number from 1 to 2^53-1');
  end if;
  account := tallystick.lock_account(p_user_id, p_unit, false);
  if account.id is null then
    return jsonb_build_object('outcome', 'insufficient_credits', 'balance', 0, 'available', 0);
  end if;
  t := tallystick.clock();
  if p_idempotency_key is not null then
    hash := tallystick.request_hash('consume', p_amount::text, p_feature);
    stored := tallystick.stored_outcome(account.id, p_idempotency_key, hash);
    if stored is not null then return stored; end if;
  end if;
  if account.frozen_at is not null then return jsonb_build_object('outcome', 'account_frozen'); end if;
  if t < account.next_change_at then
    select account.cached_balance as balance, account.cached_available as available, account.cached_held as held,
      account.next_change_at as next_change_at into totals;
  else
    totals := tallystick.account_totals(account.id, account.current_credits, account.debt, t);
  end if;
  if totals.available < p_amount then
    return jsonb_build_object('outcome', 'insufficient_credits', 'balance', totals.balance, 'available', totals.available);
  end if;

  for lot in
    select id, remaining_amount - held_amount as free from tallystick.credit_lot
    where account_id = account.id and open and remaining_amount > held_amount
      and effective_at <= t and (expiration_date is null or expiration_date > t)
      and (scope is null or p_feature = any (scope))
    order by priority, (scope is null), expiration_date, id
  loop
    take := least(lot.free, wanted);
    lot_ids := lot_ids || lot.id;
    takes := takes || take;
    allocations := allocations || jsonb_build_object('lotId', lot.id::text, 'amount', take);
    wanted := wanted - take;
    exit when wanted = 0;
  end loop;
  if wanted > 0 then -- the rest of what is available belongs to other features
    return jsonb_build_object('outcome', 'insufficient_credits', 'balance', totals.balance, 'available', p_amount - wanted);
  end if;

  entry_id := nextval('tallystick.credit_transaction_id_seq');
  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      answered_balance, answered_available, idempotency_key, request_hash, description, metadata)
    overriding system value
    values (entry_id, account.id, account.seq + 1, -p_amount, account.current_credits - p_amount, entry_id, t, 'usage',
      case when hash is not null then totals.balance - p_amount end,
      case when hash is not null then totals.available - p_amount end,
      p_idempotency_key, hash, p_description, p_metadata);
  if cardinality(lot_ids) = 1 then
    insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
      values (entry_id, 1, lot_ids[1], p_amount, t);
    update tallystick.credit_lot set remaining_amount = remaining_amount - p_amount, open = remaining_amount > p_amount
      where id = lot_ids[1];
  else
    insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
      select entry_id, draw.n, draw.lot_id, draw.amount, t
      from unnest(lot_ids, takes) with ordinality as draw (lot_id, amount, n);
    update tallystick.credit_lot
      set remaining_amount = remaining_amount - draw.amount, open = remaining_amount > draw.amount
      from unnest(lot_ids, takes) as draw (lot_id, amount) where id = draw.lot_id;
  end if;
  update tallystick.user_credit set current_credits = current_credits - p_amount, seq = seq + 1, updated_at = t,
      cached_balance = totals.balance - p_amount, cached_available = totals.available - p_amount,
      cached_held = totals.held, next_change_at = totals.next_change_at
    where id = account.id;
  return jsonb_build_object('outcome', 'ok', 'replayed', false, 'transactionId', entry_id::text,
    'balance', totals.balance - p_amount, 'available', totals.available - p_amount, 'allocations', allocations);
end $$;
