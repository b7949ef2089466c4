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
  p_metadata jsonb default null,
  p_operation_id bigint default null -- the first entry of the operation that this is a part of
) returns jsonb language plpgsql set lock_timeout = '5s' set enable_sort = off as $$
declare
  account tallystick.user_credit;
  t timestamptz;
  answer jsonb;
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
  select * into account from tallystick.user_credit where user_id = p_user_id and unit = p_unit for no key update;
  if account.merged_into_id is not null then account := tallystick.lock_account_of(account.id); end if;
  if account.id is null then
    return jsonb_build_object('outcome', 'insufficient_credits', 'balance', 0, 'available', 0);
  end if;
  t := tallystick.clock();
  if t >= account.next_change_at then account := tallystick.catch_up(account, t); end if;
  -- One probe tells most keys to be new: an account that never had a hold has none among its holds.
  if p_idempotency_key is not null and (account.has_holds or account.user_id <> p_user_id or exists (
    select from tallystick.credit_transaction where idempotency_key = p_idempotency_key and account_id = account.id))
  then
    answer := tallystick.stored_consume(p_user_id, account, p_idempotency_key, p_amount, p_feature, p_member);
    if answer is not null then return answer; end if;
  end if;
  if account.frozen_at is not null then return jsonb_build_object('outcome', 'account_frozen'); end if;
  if account.cached_available < p_amount then
    return jsonb_build_object('outcome', 'insufficient_credits',
      'balance', account.cached_balance, 'available', account.cached_available);
  end if;
  for lot in select id, free from tallystick.burnable_lots(account.id, p_feature, t) loop
    take := least(lot.free, wanted);
    lot_ids := lot_ids || lot.id;
    takes := takes || take;
    allocations := allocations || jsonb_build_object('lotId', lot.id::text, 'amount', take);
    wanted := wanted - take;
    exit when wanted = 0;
  end loop;
  if wanted > 0 then -- the rest of what is available belongs to other features
    return jsonb_build_object('outcome', 'insufficient_credits',
      'balance', account.cached_balance, 'available', p_amount - wanted);
  end if;
  if account.limited then
    answer := tallystick.count_spend(account.id, p_member, p_amount, t);
    if answer is not null then return answer; end if;
  end if;

  account.cached_balance := account.cached_balance - p_amount;
  account.cached_available := account.cached_available - p_amount;
  entry_id := nextval('tallystick.credit_transaction_id_seq');
  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      answered_balance, answered_available, idempotency_key, description, metadata, feature, member)
    overriding system value
    -- A key's answered totals are stored where they are not the balance after the entry.
    values (entry_id, account.id, account.seq + 1, -p_amount, account.current_credits - p_amount, p_operation_id, t, 'usage',
      case when p_idempotency_key is not null then nullif(account.cached_balance, account.current_credits - p_amount) end,
      case when p_idempotency_key is not null then nullif(account.cached_available, account.cached_balance) end,
      p_idempotency_key, p_description, p_metadata, p_feature, p_member);
  if cardinality(lot_ids) = 1 then
    insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
      values (entry_id, 1, lot_ids[1], p_amount, t);
    update tallystick.credit_lot set remaining_amount = remaining_amount - p_amount, open = remaining_amount > p_amount
      where id = lot_ids[1];
  else
    perform tallystick.draw_on_lots(entry_id, lot_ids, takes, t);
  end if;
  update tallystick.user_credit set current_credits = current_credits - p_amount, seq = seq + 1, updated_at = t,
      cached_balance = account.cached_balance, cached_available = account.cached_available
    where id = account.id;
  return jsonb_build_object('outcome', 'ok', 'replayed', false, 'transactionId', entry_id::text,
    'balance', account.cached_balance, 'available', account.cached_available, 'allocations', allocations);
end $$;
