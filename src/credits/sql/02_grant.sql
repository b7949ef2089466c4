-- grant: one positive entry and its lot. The outcome is answered, never raised: a raise would abort the caller's
-- transaction. With a fact, the grant happens once over all accounts; with a key, once for the account.
create or replace function tallystick.grant_credits(
  p_user_id text,
  p_amount bigint,
  p_type text,
  p_unit text default 'credit',
  p_expires_at timestamptz default null,
  p_effective_at timestamptz default null,
  p_priority integer default 100,
  p_scope text[] default null,
  p_payment_id bigint default null,
  p_idempotency_key text default null,
  p_provider text default null,
  p_fact text default null,
  p_actor text default null,
  p_description text default null,
  p_metadata jsonb default null
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  max_amount constant bigint := 9007199254740991;
  paid bigint := 0;
  account tallystick.user_credit;
  t timestamptz;
  hash bytea;
  stored jsonb;
  entry_id bigint;
  effective timestamptz;
begin
  if p_amount is null or p_amount < 1 or p_amount > max_amount then
    return jsonb_build_object('outcome', 'invalid_request', 'message', 'amount must be a whole number from 1 to 2^53-1');
  end if;
  -- A payment's grants and returns take turns, so that a grant that comes after a refund is settled too.
  if p_payment_id is not null then perform tallystick.lock_payment(p_payment_id); end if;
  -- A grant that is refused for its times creates no account; a replay is answered whatever the times are.
  account := tallystick.lock_account(p_user_id, p_unit,
    p_expires_at is null or p_expires_at > greatest(tallystick.clock(), p_effective_at));
  t := tallystick.clock();
  if t >= account.next_change_at then account := tallystick.catch_up(account, t); end if;
  if p_fact is not null then
    select id into entry_id from tallystick.credit_transaction where provider = p_provider and fact = p_fact;
    if found then return tallystick.granted_before(entry_id); end if;
  end if;
  if p_idempotency_key is not null then
    hash := tallystick.request_hash('grant', p_amount::text, p_type, p_priority::text, to_jsonb(p_scope)::text);
    stored := tallystick.stored_outcome_of(p_user_id, account, p_idempotency_key, hash);
    if stored is not null then return stored; end if;
  end if;
  effective := greatest(t, coalesce(p_effective_at, t));
  if p_expires_at <= effective then
    return jsonb_build_object('outcome', 'invalid_request', 'message', 'expiresAt must be later than now and than effectiveAt');
  end if;
  if account.current_credits > max_amount - p_amount then return jsonb_build_object('outcome', 'balance_limit'); end if;

  -- While there is debt nothing unexpired is free but this lot, which pays what it can.
  paid := least(account.debt, p_amount);
  if effective <= t then
    account.cached_balance := account.cached_balance + p_amount;
    if account.debt = paid then account.cached_available := account.cached_available + p_amount - paid; end if;
    account.next_change_at := least(account.next_change_at, p_expires_at);
  else
    account.cached_balance := account.cached_balance + paid;
    account.next_change_at := least(account.next_change_at, effective);
  end if;

  entry_id := nextval('tallystick.credit_transaction_id_seq');
  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      payment_id, answered_balance, answered_available, idempotency_key, request_hash, provider, fact, actor, description, metadata)
    overriding system value
    values (entry_id, account.id, account.seq + 1, p_amount, account.current_credits + p_amount, entry_id, t, p_type,
      p_payment_id, account.cached_balance, account.cached_available, p_idempotency_key, hash, p_provider, p_fact, p_actor, p_description, p_metadata)
    on conflict (provider, fact) where fact is not null do nothing;
  if not found then
    -- The same fact, told about another account in a transaction that committed meanwhile: it is granted once.
    return tallystick.granted_before((select id from tallystick.credit_transaction where provider = p_provider and fact = p_fact));
  end if;
  insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, priority, scope, effective_at, expiration_date, payment_id)
    values (entry_id, account.id, p_amount, p_amount, p_priority, p_scope, effective, p_expires_at, p_payment_id);
  if paid > 0 then paid := tallystick.pay_shortfalls(account.id, account.debt, t); end if;
  update tallystick.user_credit set current_credits = current_credits + p_amount, debt = debt - paid, seq = seq + 1,
      updated_at = t, cached_balance = account.cached_balance, cached_available = account.cached_available,
      next_change_at = account.next_change_at
    where id = account.id;
  -- Answered is what the grant left, as a replay will answer it; what a return then takes is told by settleReturns.
  if p_payment_id is not null then perform tallystick.settle_returns_of(p_payment_id); end if;
  return jsonb_build_object('outcome', 'ok', 'replayed', false, 'transactionId', entry_id::text,
    'balance', account.cached_balance, 'available', account.cached_available);
end $$;

create or replace function tallystick.granted_before(p_entry_id bigint) returns jsonb language sql stable as $$
  select jsonb_build_object('outcome', 'ok', 'replayed', true, 'transactionId', id::text,
    'balance', answered_balance, 'available', answered_available,
    'assumedQuantity', (metadata ->> 'assumedQuantity')::integer)
  from tallystick.credit_transaction where id = p_entry_id
$$;
