-- consume: one negative entry, fully drawn on live lots in burn order, or a refusal that writes nothing. The account's
-- row is locked from the first statement on, so what is read after it is what is spent. Answers json, not jsonb: written
-- once and never looked into, it is text all the way.
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
) returns json language plpgsql set lock_timeout = '5s' set enable_sort = off as $$
declare
  -- No more columns than are needed, and as few expressions as can be: both are set up anew for each call.
  account record;
  whole tallystick.user_credit; -- of an alias, or after time has passed
  t timestamptz;
  answer jsonb;
  lot record;
  plan record;
  lot_ids bigint[];
  takes bigint[];
  allocations jsonb;
  entry_id bigint;
begin
  if p_amount is null or p_amount < 1 or p_amount > 9007199254740991 then
    return jsonb_build_object('outcome', 'invalid_request', 'message', 'amount must be a whole number from 1 to 2^53-1');
  end if;
  select id, seq, current_credits, cached_balance, cached_available, next_change_at, merged_into_id, frozen_at, limited, has_holds
    into account from tallystick.user_credit where user_id = p_user_id and unit = p_unit for no key update;
  t := tallystick.clock();
  if account.merged_into_id is not null or t >= account.next_change_at then
    whole := tallystick.lock_account_of(account.id);
    t := tallystick.clock();
    if t >= whole.next_change_at then whole := tallystick.catch_up(whole, t); end if;
    account := whole;
  elsif account.id is null then
    return jsonb_build_object('outcome', 'insufficient_credits', 'balance', 0, 'available', 0);
  end if;
  -- One probe tells most keys to be new: an account that never had a hold has none among its holds.
  if p_idempotency_key is not null and (account.has_holds or whole.id is not null or exists (
    select from tallystick.credit_transaction where idempotency_key = p_idempotency_key and account_id = account.id))
  then
    answer := tallystick.stored_consume(p_user_id, p_unit, p_idempotency_key, p_amount, p_feature, p_member);
    if answer is not null then return answer; end if;
  end if;
  if account.frozen_at is not null then return jsonb_build_object('outcome', 'account_frozen'); end if;
  if account.cached_available < p_amount then
    return jsonb_build_object('outcome', 'insufficient_credits',
      'balance', account.cached_balance, 'available', account.cached_available);
  end if;
  -- Most debits are paid by the first lot alone.
  select id, free into lot from tallystick.burnable_lots(account.id, p_feature, t) limit 1;
  if coalesce(lot.free, 0) < p_amount then
    plan := tallystick.burn_plan(account.id, p_amount, p_feature, t);
    if plan.missing > 0 then -- the rest of what is available belongs to other features
      return jsonb_build_object('outcome', 'insufficient_credits',
        'balance', account.cached_balance, 'available', p_amount - plan.missing);
    end if;
    lot_ids := plan.lot_ids;
    takes := plan.takes;
  end if;
  if account.limited then
    answer := tallystick.count_spend(account.id, p_member, p_amount, t);
    if answer is not null then return answer; end if;
  end if;

  entry_id := nextval('tallystick.credit_transaction_id_seq');
  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      answered_balance, answered_available, idempotency_key, description, metadata, feature, member)
    overriding system value
    -- A key's answered totals are stored where they are not the balance after the entry.
    values (entry_id, account.id, account.seq + 1, -p_amount, account.current_credits - p_amount, p_operation_id, t, 'usage',
      case when p_idempotency_key is not null then nullif(account.cached_balance, account.current_credits) - p_amount end,
      case when p_idempotency_key is not null then nullif(account.cached_available, account.cached_balance) - p_amount end,
      p_idempotency_key, p_description, p_metadata, p_feature, p_member);
  if lot_ids is null then
    insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
      values (entry_id, 1, lot.id, p_amount, t);
    update tallystick.credit_lot set remaining_amount = remaining_amount - p_amount, open = remaining_amount > p_amount
      where id = lot.id;
  else
    perform tallystick.draw_on_lots(entry_id, lot_ids, takes, t);
    allocations := tallystick.allocations_of(entry_id);
  end if;
  update tallystick.user_credit set current_credits = current_credits - p_amount, seq = seq + 1, updated_at = t,
      cached_balance = cached_balance - p_amount, cached_available = cached_available - p_amount
    where id = account.id;
  return json_build_object('outcome', 'ok', 'replayed', false, 'transactionId', entry_id::text,
    'balance', account.cached_balance - p_amount, 'available', account.cached_available - p_amount, 'allocations',
    coalesce(allocations::json, json_build_array(json_build_object('lotId', lot.id::text, 'amount', p_amount))));
end $$;
