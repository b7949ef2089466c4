-- Giving back what a debit drew: refunds of usage and of negative adjustments, and, through returns of money, claw-backs.

-- Makes the lots that give p_amount of a debit back to an account, and names the entries to be written for them. First
-- the debit's own shortfall is cancelled by a lot that it draws at once; then its draws are walked, newest first, each
-- giving back its amount less what it gave before, passing over draws on the debit's own refund lots. A lot copies the
-- one drawn and lives for the grace at least. What had been forgiven is taken off again by a negative entry on the lot
-- that it made, so that nobody keeps spent credits twice. The caller knows that p_amount is left to give.
create or replace function tallystick.give_back(
  p_account_id bigint, p_debit_id bigint, p_amount bigint, p_grace interval, p_now timestamptz,
  out entry_ids bigint[], out amounts bigint[], out draw_numbers integer[], out payment_ids bigint[], out debt_cancelled bigint
) language plpgsql as $$
declare
  rest bigint := p_amount;
  part record;
  given bigint;
  entry_id bigint;
begin
  entry_ids := '{}'; amounts := '{}'; draw_numbers := '{}'; payment_ids := '{}';
  select least(rest, -debit.amount - coalesce((select sum(draw.amount) from tallystick.credit_allocation draw
      where draw.transaction_id = debit.id), 0)) into debt_cancelled
    from tallystick.credit_transaction debit where debit.id = p_debit_id;
  if debt_cancelled > 0 then
    entry_id := nextval('tallystick.credit_transaction_id_seq');
    insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at, open)
      values (entry_id, p_account_id, debt_cancelled, 0, p_now, false);
    insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
      select p_debit_id, coalesce(max(n), 0) + 1, entry_id, debt_cancelled, p_now
      from tallystick.credit_allocation where transaction_id = p_debit_id;
    entry_ids := entry_ids || entry_id;
    amounts := amounts || debt_cancelled;
    draw_numbers := draw_numbers || null::integer;
    payment_ids := payment_ids || null::bigint;
    rest := rest - debt_cancelled;
  end if;

  for part in
    select draw.n, draw.amount - coalesce(before.amount, 0) as left, lot.priority, lot.scope, lot.effective_at,
      lot.expiration_date, lot.payment_id, made.refund_of_id is not distinct from p_debit_id as forgiven
    from tallystick.credit_allocation draw
    join tallystick.credit_lot lot on lot.id = draw.lot_id
    join tallystick.credit_transaction made on made.id = draw.lot_id
    left join (select refund_draw, sum(amount) as amount from tallystick.credit_transaction
      where refund_of_id = p_debit_id group by refund_draw) before on before.refund_draw = draw.n
    where draw.transaction_id = p_debit_id
      and (made.refund_of_id is distinct from p_debit_id or made.type = 'adjustment')
      and draw.amount > coalesce(before.amount, 0)
    order by draw.n desc
  loop
    exit when rest = 0;
    given := least(part.left, rest);
    entry_id := nextval('tallystick.credit_transaction_id_seq');
    insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, priority, scope, effective_at,
        expiration_date, payment_id, open)
      values (entry_id, p_account_id, given, case when part.forgiven then 0 else given end, part.priority, part.scope,
        part.effective_at, greatest(part.expiration_date, case when part.expiration_date is not null then p_now + p_grace end),
        part.payment_id, not part.forgiven);
    entry_ids := entry_ids || entry_id;
    amounts := amounts || given;
    draw_numbers := draw_numbers || part.n;
    payment_ids := payment_ids || part.payment_id;
    if part.forgiven then
      insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
        values (nextval('tallystick.credit_transaction_id_seq'), 1, entry_id, given, p_now)
        returning transaction_id into entry_id;
      entry_ids := entry_ids || entry_id;
      amounts := amounts || -given;
      draw_numbers := draw_numbers || null::integer;
      payment_ids := payment_ids || null::bigint;
    end if;
    rest := rest - given;
  end loop;
end $$;

-- Writes the entries that give_back named, and answers the account as they leave it. The answered totals and the key
-- stand on the first.
create or replace function tallystick.write_returned(
  p_account tallystick.user_credit, p_debit_id bigint, p_type text, p_now timestamptz, p_entry_ids bigint[],
  p_amounts bigint[], p_draw_numbers integer[], p_payment_ids bigint[], p_operation_id bigint,
  p_balance bigint default null, p_available bigint default null, p_idempotency_key text default null,
  p_request_hash bytea default null, p_actor text default null, p_description text default null, p_metadata jsonb default null
) returns tallystick.user_credit language plpgsql as $$
begin
  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      payment_id, refund_of_id, refund_draw, answered_balance, answered_available, idempotency_key, request_hash,
      actor, description, metadata)
    overriding system value
    select given.id, p_account.id, p_account.seq + n, given.amount, p_account.current_credits + sum(given.amount) over (order by n),
      p_operation_id, p_now, case when given.amount > 0 then p_type else 'adjustment' end,
      given.payment_id, case when given.amount > 0 then p_debit_id end, given.draw_number,
      case when n = 1 then p_balance end, case when n = 1 then p_available end,
      case when n = 1 then p_idempotency_key end, case when n = 1 then p_request_hash end, p_actor, p_description, p_metadata
    from unnest(p_entry_ids, p_amounts, p_draw_numbers, p_payment_ids)
      with ordinality as given (id, amount, draw_number, payment_id, n);
  p_account.seq := p_account.seq + cardinality(p_entry_ids);
  p_account.current_credits := p_account.current_credits + (select sum(amount) from unnest(p_amounts) amount);
  return p_account;
end $$;

-- refund: gives a debit back in whole or in part, never more than it took. The debit is named by its id, or by the key
-- of the consume, adjustment or capture that wrote it.
create or replace function tallystick.refund_debit(
  p_transaction_id bigint default null,
  p_user_id text default null,
  p_unit text default 'credit',
  p_debit_key text default null,
  p_amount bigint default null,
  p_grace_seconds integer default 86400,
  p_idempotency_key text default null,
  p_actor text default null,
  p_description text default null,
  p_metadata jsonb default null
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  debit tallystick.credit_transaction;
  account tallystick.user_credit;
  t timestamptz;
  hash bytea;
  stored jsonb;
  refundable bigint;
  wanted bigint;
  given record;
  paid bigint;
  totals record;
begin
  if p_amount < 1 or p_amount > 9007199254740991 then
    return jsonb_build_object('outcome', 'invalid_request', 'message', 'amount must be a whole number from 1 to 2^53-1');
  end if;
  select * into debit from tallystick.credit_transaction
    where id = coalesce(p_transaction_id, tallystick.debit_of_key(p_user_id, p_unit, p_debit_key));
  if not found then
    return jsonb_build_object('outcome', 'not_found', 'message', 'There is no such transaction.');
  end if;
  account := tallystick.lock_account_of(debit.account_id);
  if p_transaction_id is null and tallystick.debit_of_key(p_user_id, p_unit, p_debit_key) is distinct from debit.id then
    return jsonb_build_object('outcome', 'not_found', 'message', 'There is no such transaction.'); -- erased meanwhile
  end if;
  t := tallystick.clock();
  if t >= account.next_change_at then account := tallystick.catch_up(account, t); end if;
  if p_idempotency_key is not null then
    hash := tallystick.request_hash('refund', debit.id::text, p_amount::text);
    stored := tallystick.stored_outcome_from(coalesce(
      (select id from tallystick.user_credit where p_transaction_id is null and user_id = p_user_id and unit = p_unit),
      debit.account_id), p_idempotency_key, hash);
    if stored is not null then
      return stored || jsonb_build_object('refunded', (select sum(amount) from tallystick.credit_transaction
        where refund_of_id = debit.id and operation_id = (stored ->> 'transactionId')::bigint));
    end if;
  end if;
  if not (debit.type = 'usage' or debit.type = 'adjustment' and debit.amount < 0 and debit.operation_id = debit.id) then
    return jsonb_build_object('outcome', 'invalid_state', 'message',
      format('Transaction %s is of type %s; usage and negative adjustments are refunded.', debit.id, debit.type));
  end if;
  select -debit.amount - coalesce(sum(amount), 0) into refundable
    from tallystick.credit_transaction where refund_of_id = debit.id;
  wanted := coalesce(p_amount, refundable);
  if wanted > refundable or refundable = 0 then
    return jsonb_build_object('outcome', 'invalid_state', 'refundable', refundable, 'message',
      format('Of transaction %s there is %s left to refund.', debit.id, refundable));
  end if;
  if account.current_credits > 9007199254740991 - wanted then return jsonb_build_object('outcome', 'balance_limit'); end if;

  given := tallystick.give_back(account.id, debit.id, wanted, make_interval(secs => p_grace_seconds), t);
  if debit.type = 'usage' then
    perform tallystick.uncount_spend(debit.account_id, debit.member, wanted, debit.created_at);
  end if;
  paid := tallystick.pay_shortfalls(account.id, account.debt, t);
  totals := tallystick.account_totals(account.id, account.current_credits + wanted, account.debt - paid, t);
  account := tallystick.write_returned(account, debit.id, 'refund', t, given.entry_ids, given.amounts, given.draw_numbers,
    given.payment_ids, given.entry_ids[1], totals.balance, totals.available, p_idempotency_key, hash, p_actor, p_description, p_metadata);
  account.debt := account.debt - paid;
  perform tallystick.store_account(account, t);
  return jsonb_build_object('outcome', 'ok', 'replayed', false, 'transactionId', given.entry_ids[1]::text,
    'refunded', wanted, 'balance', totals.balance, 'available', totals.available);
end $$;

-- The debit that an idempotency key wrote, under the account named or, after it, those that it is merged into.
create or replace function tallystick.debit_of_key(p_user_id text, p_unit text, p_key text) returns bigint
language sql stable as $$
  select coalesce(debit.id, hold.capture_transaction_id)
  from unnest(tallystick.account_chain(
    (select id from tallystick.user_credit where user_id = p_user_id and unit = p_unit))) with ordinality as link (account_id, n)
  left join tallystick.credit_transaction debit on debit.account_id = link.account_id and debit.idempotency_key = p_key
  left join tallystick.credit_hold hold on hold.account_id = link.account_id and hold.settle_idempotency_key = p_key
  -- A void has written no debit: the key may name one of an account that this one was merged into.
  where debit.id is not null or hold.capture_transaction_id is not null
  order by link.n limit 1
$$;

-- adjust: takes credits off like a consume, but neither a freeze nor a spend limit stops it.
create or replace function tallystick.take_credits(
  p_user_id text,
  p_amount bigint,
  p_actor text,
  p_description text,
  p_unit text default 'credit',
  p_feature text default null,
  p_idempotency_key text default null,
  p_metadata jsonb default null
) returns jsonb language plpgsql set lock_timeout = '5s' set enable_sort = off as $$
declare
  account tallystick.user_credit;
  t timestamptz;
  hash bytea;
  stored jsonb;
  plan record;
  entry_id bigint;
begin
  account := tallystick.lock_account(p_user_id, p_unit, false);
  if account.id is null then
    return jsonb_build_object('outcome', 'insufficient_credits', 'balance', 0, 'available', 0);
  end if;
  t := tallystick.clock();
  if t >= account.next_change_at then account := tallystick.catch_up(account, t); end if;
  if p_idempotency_key is not null then
    hash := tallystick.request_hash('adjust', (-p_amount)::text, p_feature);
    stored := tallystick.stored_outcome_of(p_user_id, account, p_idempotency_key, hash);
    if stored is not null then return stored; end if;
  end if;
  plan := tallystick.burn_plan(account.id, p_amount, p_feature, t);
  if account.debt > 0 or plan.missing > 0 then
    return jsonb_build_object('outcome', 'insufficient_credits', 'balance', account.cached_balance,
      'available', least(account.cached_available, p_amount - plan.missing));
  end if;
  account.cached_balance := account.cached_balance - p_amount;
  account.cached_available := account.cached_available - p_amount;
  entry_id := nextval('tallystick.credit_transaction_id_seq');
  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      answered_balance, answered_available, idempotency_key, request_hash, actor, description, metadata, feature)
    overriding system value
    values (entry_id, account.id, account.seq + 1, -p_amount, account.current_credits - p_amount, entry_id, t, 'adjustment',
      account.cached_balance, account.cached_available, p_idempotency_key, hash, p_actor, p_description, p_metadata, p_feature);
  perform tallystick.draw_on_lots(entry_id, plan.lot_ids, plan.takes, t);
  update tallystick.user_credit set current_credits = current_credits - p_amount, seq = seq + 1, updated_at = t,
      cached_balance = account.cached_balance, cached_available = account.cached_available
    where id = account.id;
  return jsonb_build_object('outcome', 'ok', 'replayed', false, 'transactionId', entry_id::text,
    'balance', account.cached_balance, 'available', account.cached_available);
end $$;
