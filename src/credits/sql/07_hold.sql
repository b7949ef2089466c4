-- Holds: credits set aside for work whose cost is not known yet. Nothing moves until they are captured; from their
-- deadline on they count as released, whether or not that has been booked.

create or replace function tallystick.hold_answer(
  p_hold tallystick.credit_hold, p_balance bigint, p_available bigint, p_replayed boolean
) returns jsonb language sql stable as $$
  select jsonb_build_object('outcome', 'ok', 'replayed', p_replayed, 'balance', p_balance, 'available', p_available,
    'id', p_hold.id::text, 'amount', p_hold.amount, 'captured', p_hold.captured_amount, 'status', p_hold.status,
    'expiresAt', p_hold.expires_at, 'transactionId', p_hold.capture_transaction_id::text,
    'allocations', tallystick.allocations_of(p_hold.capture_transaction_id))
$$;

-- hold: refused when available is short; raises what is held on lots in burn order.
create or replace function tallystick.hold_credits(
  p_user_id text,
  p_amount bigint,
  p_unit text default 'credit',
  p_lifetime_seconds integer default 900,
  p_expires_at timestamptz default null,
  p_feature text default null,
  p_member text default null,
  p_idempotency_key text default null,
  p_description text default null,
  p_metadata jsonb default null
) returns jsonb language plpgsql set lock_timeout = '5s' set enable_sort = off as $$
declare
  account tallystick.user_credit;
  t timestamptz;
  hash bytea;
  stored jsonb;
  plan record;
  refusal jsonb;
  hold tallystick.credit_hold;
  deadline timestamptz;
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
    hash := tallystick.request_hash('hold', p_amount::text, p_feature, p_member);
    stored := tallystick.stored_outcome_of(p_user_id, account, p_idempotency_key, hash);
    if stored is not null then return stored; end if;
  end if;
  deadline := coalesce(p_expires_at, t + make_interval(secs => p_lifetime_seconds));
  if deadline <= t or deadline > t + interval '720 hours' then
    return jsonb_build_object('outcome', 'invalid_request', 'message', 'a hold ends later than now and within 30 days');
  end if;
  if account.frozen_at is not null then return jsonb_build_object('outcome', 'account_frozen'); end if;
  if account.cached_available < p_amount then
    return jsonb_build_object('outcome', 'insufficient_credits',
      'balance', account.cached_balance, 'available', account.cached_available);
  end if;
  plan := tallystick.burn_plan(account.id, p_amount, p_feature, t);
  if plan.missing > 0 then
    return jsonb_build_object('outcome', 'insufficient_credits',
      'balance', account.cached_balance, 'available', p_amount - plan.missing);
  end if;
  if account.limited then
    refusal := tallystick.count_spend(account.id, p_member, p_amount, t);
    if refusal is not null then return refusal; end if;
  end if;

  account.cached_available := account.cached_available - p_amount;
  insert into tallystick.credit_hold (account_id, amount, feature, member, expires_at, created_at,
      answered_balance, answered_available, idempotency_key, request_hash, description, metadata)
    values (account.id, p_amount, p_feature, p_member, deadline, t,
      account.cached_balance, account.cached_available, p_idempotency_key, hash, p_description, p_metadata)
    returning * into hold;
  insert into tallystick.credit_hold_lot (hold_id, n, lot_id, amount)
    select hold.id, part.n, part.lot_id, part.amount
    from unnest(plan.lot_ids, plan.takes) with ordinality as part (lot_id, amount, n);
  update tallystick.credit_lot set held_amount = held_amount + part.amount
    from unnest(plan.lot_ids, plan.takes) as part (lot_id, amount) where id = part.lot_id;
  update tallystick.user_credit set updated_at = t, cached_available = account.cached_available,
      cached_held = cached_held + p_amount, next_change_at = least(next_change_at, deadline), has_holds = true
    where id = account.id;
  return tallystick.hold_answer(hold, account.cached_balance, account.cached_available, false);
end $$;

-- Finds a hold, locks its account, books what time has done and looks up the key of a settlement. `stored` is what is to
-- be answered at once: a replay, a conflict, or a refusal.
create or replace function tallystick.open_settlement(
  p_hold_id bigint, p_idempotency_key text, p_hash bytea,
  out hold tallystick.credit_hold, out account tallystick.user_credit, out t timestamptz, out stored jsonb
) language plpgsql as $$
begin
  select * into hold from tallystick.credit_hold where id = p_hold_id;
  if not found then
    stored := jsonb_build_object('outcome', 'not_found', 'message', format('There is no hold %s.', p_hold_id));
    return;
  end if;
  account := tallystick.lock_account_of(hold.account_id);
  t := tallystick.clock();
  if t >= account.next_change_at then account := tallystick.catch_up(account, t); end if;
  select * into hold from tallystick.credit_hold where id = p_hold_id; -- as it is under the lock
  if p_idempotency_key is not null then
    stored := tallystick.stored_outcome_from(hold.account_id, p_idempotency_key, p_hash);
    if stored is not null then return; end if;
  end if;
  if hold.status <> 'open' then
    stored := jsonb_build_object('outcome', 'invalid_state', 'status', hold.status, 'message', format(case hold.status
      when 'captured' then 'Hold %s has been captured; a hold is settled once.'
      when 'voided' then 'Hold %s has been voided; a hold is settled once.'
      else 'Hold %s passed its deadline; its credits are free again.' end, p_hold_id));
  end if;
end $$;

-- capture: debits at most the hold, from its own lots in the order in which they were held, even if one has expired
-- meanwhile; the rest is released. What exceeds the hold is refused, or consumed in the same transaction.
create or replace function tallystick.capture_hold(
  p_hold_id bigint,
  p_amount bigint default null,
  p_overage text default 'refuse',
  p_idempotency_key text default null,
  p_description text default null,
  p_metadata jsonb default null
) returns jsonb language plpgsql set lock_timeout = '5s' set enable_sort = off as $$
declare
  opened record;
  hash bytea;
  excess bigint;
  consumed jsonb;
  answer jsonb;
begin
  if p_amount < 1 or p_amount > 9007199254740991 then
    return jsonb_build_object('outcome', 'invalid_request',
      'message', 'amount must be a whole number from 1 to 2^53-1; a hold that cost nothing is voided');
  end if;
  hash := tallystick.request_hash('capture', p_hold_id::text, p_overage,
    coalesce(p_amount, (select amount from tallystick.credit_hold where id = p_hold_id))::text);
  opened := tallystick.open_settlement(p_hold_id, p_idempotency_key, hash);
  if opened.stored is not null then return opened.stored; end if;
  excess := greatest(p_amount - (opened.hold).amount, 0); -- 0 too when all that is held is captured, whatever that is
  if excess > 0 and p_overage <> 'consume' then
    return jsonb_build_object('outcome', 'invalid_state', 'held', (opened.hold).amount, 'message',
      format('%s exceed the %s held; capture less, or let the overage be consumed.', p_amount, (opened.hold).amount));
  end if;
  if excess = 0 then
    return tallystick.settle_hold(opened.hold, opened.account, opened.t, coalesce(p_amount, (opened.hold).amount), null,
      p_idempotency_key, hash, p_description, p_metadata);
  end if;
  begin
    answer := tallystick.settle_hold(opened.hold, opened.account, opened.t, (opened.hold).amount, excess,
      p_idempotency_key, hash, p_description, p_metadata);
    if answer ->> 'outcome' <> 'ok' then raise exception using errcode = 'TALLY'; end if;
  exception when sqlstate 'TALLY' then
    null; -- the capture is undone with the overage that was refused
  end;
  return answer;
end $$;

create or replace function tallystick.void_hold(p_hold_id bigint, p_idempotency_key text default null)
returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  hash bytea := tallystick.request_hash('void', p_hold_id::text);
  opened record;
begin
  opened := tallystick.open_settlement(p_hold_id, p_idempotency_key, hash);
  if opened.stored is not null then return opened.stored; end if;
  return tallystick.settle_hold(opened.hold, opened.account, opened.t, 0, null, p_idempotency_key, hash, null, null);
end $$;

-- Settles an open hold of a locked account: draws p_taken on its lots, releases the rest, and consumes p_excess beside it.
create or replace function tallystick.settle_hold(
  p_hold tallystick.credit_hold, p_account tallystick.user_credit, p_now timestamptz, p_taken bigint, p_excess bigint,
  p_idempotency_key text, p_request_hash bytea, p_description text, p_metadata jsonb
) returns jsonb language plpgsql as $$
declare
  entry_id bigint;
  part record;
  wanted bigint := p_taken;
  lot_ids bigint[] := '{}';
  takes bigint[] := '{}';
  consumed jsonb;
begin
  perform tallystick.uncount_spend(p_hold.account_id, p_hold.member, p_hold.amount, p_hold.created_at);
  for part in select lot_id, amount from tallystick.credit_hold_lot where hold_id = p_hold.id order by n loop
    exit when wanted = 0;
    lot_ids := lot_ids || part.lot_id;
    takes := takes || least(part.amount, wanted);
    wanted := wanted - least(part.amount, wanted);
  end loop;
  update tallystick.credit_lot set held_amount = held_amount - held.amount
    from tallystick.credit_hold_lot held where held.hold_id = p_hold.id and credit_lot.id = held.lot_id;
  if p_taken > 0 then
    entry_id := nextval('tallystick.credit_transaction_id_seq');
    p_account.seq := p_account.seq + 1;
    p_account.current_credits := p_account.current_credits - p_taken;
    insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
        description, metadata, feature, member)
      overriding system value
      values (entry_id, p_account.id, p_account.seq, -p_taken, p_account.current_credits, entry_id, p_now, 'usage',
        coalesce(p_description, p_hold.description), coalesce(p_metadata, p_hold.metadata), p_hold.feature, p_hold.member);
    perform tallystick.draw_on_lots(entry_id, lot_ids, takes, p_now);
    if p_account.limited then perform tallystick.count_debit(p_account.id, p_hold.member, p_taken, p_now); end if;
  end if;
  p_account.debt := p_account.debt - tallystick.pay_shortfalls(p_account.id, p_account.debt, p_now);
  p_account := tallystick.store_account(tallystick.forgive_shortfalls(p_account, p_now, entry_id), p_now);
  if p_excess > 0 then
    consumed := tallystick.consume_credits(p_account.user_id, p_excess, p_account.unit, p_hold.feature, p_hold.member,
      p_description => coalesce(p_description, p_hold.description), p_metadata => coalesce(p_metadata, p_hold.metadata),
      p_operation_id => entry_id);
    if consumed ->> 'outcome' <> 'ok' then return consumed; end if;
    select * into p_account from tallystick.user_credit where id = p_account.id;
  end if;
  update tallystick.credit_hold set status = case when p_taken > 0 then 'captured' else 'voided' end,
      captured_amount = p_taken, settled_at = p_now, capture_transaction_id = entry_id,
      settle_idempotency_key = p_idempotency_key,
      settle_request_hash = case when p_idempotency_key is not null then p_request_hash end,
      settle_answered_balance = p_account.cached_balance, settle_answered_available = p_account.cached_available
    where id = p_hold.id returning * into p_hold;
  return tallystick.hold_answer(p_hold, p_account.cached_balance, p_account.cached_available, false);
end $$;

-- Releases the holds of locked accounts that are past their deadline, pays shortfalls with what becomes free, forgives
-- what that does not pay, and stores totals that are true at p_now. Answers the number of holds.
create or replace function tallystick.release_due_holds(p_account_ids bigint[], p_now timestamptz)
returns bigint language plpgsql as $$
declare
  due tallystick.credit_hold[];
  account tallystick.user_credit;
begin
  with released as (
    update tallystick.credit_hold set status = 'expired', settled_at = p_now
    where account_id = any (p_account_ids) and status = 'open' and expires_at <= p_now returning credit_hold.*
  )
  select array_agg(released) into due from released;
  if due is null then return 0; end if;
  update tallystick.credit_lot set held_amount = held_amount - part.amount
    from (select lot_id, sum(amount)::bigint as amount from tallystick.credit_hold_lot
      where hold_id in (select id from unnest(due)) group by lot_id) part
    where credit_lot.id = part.lot_id;
  perform tallystick.uncount_spend(account_id, member, amount, created_at) from unnest(due);
  for account in
    select * from tallystick.user_credit where id in (select account_id from unnest(due)) order by id
  loop
    account.debt := account.debt - tallystick.pay_shortfalls(account.id, account.debt, p_now);
    perform tallystick.store_account(tallystick.forgive_shortfalls(account, p_now), p_now);
  end loop;
  return cardinality(due);
end $$;

-- The sweep: books released holds of up to p_batch accounts that nobody else has locked.
create or replace function tallystick.release_holds(p_batch integer) returns jsonb
language plpgsql set lock_timeout = '5s' as $$
declare
  account_ids bigint[];
begin
  select array_agg(id) into account_ids from (
    select account.id from tallystick.credit_hold hold join tallystick.user_credit account on account.id = hold.account_id
    where hold.status = 'open' and hold.expires_at <= tallystick.clock()
    order by hold.expires_at limit p_batch for no key update of account skip locked) locked;
  if account_ids is null then return jsonb_build_object('released', 0); end if;
  return jsonb_build_object('released', tallystick.release_due_holds(account_ids, tallystick.clock()));
end $$;

create or replace function tallystick.overdue_holds() returns bigint language sql stable as $$
  select count(*) from tallystick.credit_hold where status = 'open' and expires_at <= tallystick.clock()
$$;

-- A hold as it counts now: past its deadline it is expired, booked or not.
create or replace function tallystick.credit_hold_at(p_hold_id bigint) returns jsonb language sql stable as $$
  select jsonb_build_object('id', hold.id::text, 'userId', account.user_id, 'unit', account.unit, 'amount', hold.amount,
    'captured', hold.captured_amount, 'expiresAt', hold.expires_at, 'transactionId', hold.capture_transaction_id::text,
    'status', case when hold.status = 'open' and hold.expires_at <= tallystick.clock() then 'expired' else hold.status end)
  from tallystick.credit_hold hold join tallystick.user_credit account on account.id = hold.account_id
  where hold.id = p_hold_id
$$;
