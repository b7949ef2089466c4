-- Returns of money: whatever was refunded, disputed or won, in whatever order it was told, the credits taken back for a
-- payment become what its returned part asks for, in one step from whatever they were.

-- A payment's grants and its returns take turns. Taken before any account's lock.
create or replace function tallystick.lock_payment(p_payment_id bigint) returns void language plpgsql as $$
begin
  -- The lock orders transactions; only a new snapshot for each statement shows what the one before wrote.
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception 'tallystick: a payment is granted and settled in a READ COMMITTED transaction' using errcode = 'feature_not_supported';
  end if;
  perform pg_advisory_xact_lock(hashint8extended(p_payment_id, 7823645511));
end $$;

-- Records what a payment was paid and has returned, and settles it. Both in the currency's minor unit; what exceeds the
-- paid sum counts as all of it. Answers what this call took back, gave back and forgave.
create or replace function tallystick.settle_returns(
  p_payment_id bigint, p_paid bigint, p_returned bigint, p_policy text default 'debt'
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  settled jsonb;
begin
  perform tallystick.lock_payment(p_payment_id);
  insert into tallystick.credit_return as told (payment_id, paid_amount, returned_amount, policy, updated_at)
    values (p_payment_id, p_paid, least(p_paid, p_returned), p_policy, tallystick.clock())
    on conflict (payment_id) do update set paid_amount = excluded.paid_amount, returned_amount = excluded.returned_amount,
      policy = excluded.policy, updated_at = excluded.updated_at;
  settled := tallystick.settle_returns_of(p_payment_id);
  if settled ->> 'outcome' <> 'ok' then raise exception using errcode = 'TALLY'; end if;
  return settled;
exception when sqlstate 'TALLY' then
  return settled; -- what was told is undone with it
end $$;

-- Settles a payment by what is recorded of it; nothing for one that never returned anything. Every operation that grants
-- for a payment ends with this. The caller holds the payment's lock, or has read all its accounts under their own.
create or replace function tallystick.settle_returns_of(p_payment_id bigint) returns jsonb language plpgsql as $$
declare
  told tallystick.credit_return;
  due record;
  account tallystick.user_credit;
  t timestamptz;
  settled jsonb;
  clawed_back bigint := 0;
  reinstated bigint := 0;
  forgiven bigint := 0;
begin
  select * into told from tallystick.credit_return where payment_id = p_payment_id;
  if found then
    -- In the order of their ids, as everywhere. Accounts that an enrolment may grant to are among them, so that a
    -- distribution that runs beside this is over before it, or comes after it.
    perform from tallystick.user_credit where id in (select account_id from tallystick.accounts_of_payment(p_payment_id))
      order by id for no key update;
    t := tallystick.clock();
    perform tallystick.catch_up(mine, t) from tallystick.user_credit mine
      where next_change_at <= t and id in (select account_id from tallystick.due_returns(told) where delta <> 0);
    if exists (select from tallystick.due_returns(told) returned join tallystick.user_credit mine on mine.id = returned.account_id
      where mine.current_credits - returned.delta > 9007199254740991)
    then
      return jsonb_build_object('outcome', 'balance_limit');
    end if;
    for due in select * from tallystick.due_returns(told) where delta <> 0 order by account_id loop
      account := tallystick.lock_account_of(due.account_id);
      settled := case when due.delta > 0 then tallystick.claw_back(account, told, due.delta, t)
        else tallystick.reinstate(account, p_payment_id, -due.delta, t) end;
      clawed_back := clawed_back + greatest(due.delta, 0);
      reinstated := reinstated + greatest(-due.delta, 0);
      forgiven := forgiven + (settled ->> 'forgiven')::bigint;
    end loop;
  end if;
  return jsonb_build_object('outcome', 'ok', 'clawedBack', clawed_back, 'reinstated', reinstated, 'forgiven', forgiven);
end $$;

create or replace function tallystick.accounts_of_payment(p_payment_id bigint) returns table (account_id bigint)
language sql stable as $$
  select tallystick.acting_account(known.account_id) from (
    select entry.account_id from tallystick.credit_transaction entry where entry.payment_id = p_payment_id
    union
    select enrolment.account_id from tallystick.credit_enrolment enrolment
    where enrolment.payment_id = p_payment_id) known
$$;

-- By how much each acting account's claw-backs fall short of (or, negative, exceed) their target. In each unit the
-- payment's target is floor(granted × returned / paid), in favour of the customer; accounts share it by cumulative
-- grants in the order of their ids, so that their parts add up to it exactly.
create or replace function tallystick.due_returns(p_told tallystick.credit_return)
returns table (account_id bigint, delta bigint) language sql stable as $$
  with granted as (
    select tallystick.acting_account(entry.account_id) as account_id, sum(entry.amount) as amount
    from tallystick.credit_transaction entry
    where entry.payment_id = p_told.payment_id and entry.type in ('register_gift', 'monthly_refresh',
      'subscription_renewal', 'lifetime_monthly', 'purchase_package', 'adjustment')
    group by 1
  ), target as (
    select granted.account_id, case when p_told.returned_amount = 0 then 0 else
        div(sum(granted.amount) over up_to_here * p_told.returned_amount, p_told.paid_amount)
        - div((sum(granted.amount) over up_to_here - granted.amount) * p_told.returned_amount, p_told.paid_amount) end as amount
    from granted join tallystick.user_credit account on account.id = granted.account_id
    window up_to_here as (partition by account.unit order by account.id)
  ), clawed as (
    select tallystick.acting_account(entry.account_id) as account_id, sum(-entry.amount - coalesce((select sum(back.amount)
      from tallystick.credit_transaction back where back.refund_of_id = entry.id and back.type = 'reinstate'), 0)) as amount
    from tallystick.credit_transaction entry
    where entry.payment_id = p_told.payment_id and entry.type = 'clawback' group by 1
  )
  select account_id, (target.amount - coalesce(clawed.amount, 0))::bigint
  from target left join clawed using (account_id) -- only who was granted something had anything clawed back
$$;

-- Takes credits back: from the payment's own free unexpired lots, then from the account's others, live before pending,
-- in burn order. What is not there is a shortfall: debt, or forgiven as far as nothing that is held can pay it.
create or replace function tallystick.claw_back(
  p_account tallystick.user_credit, p_told tallystick.credit_return, p_amount bigint, p_now timestamptz
) returns jsonb language plpgsql as $$
declare
  lot record;
  lot_ids bigint[] := '{}';
  takes bigint[] := '{}';
  wanted bigint := p_amount;
  entry_id bigint := nextval('tallystick.credit_transaction_id_seq');
  owed bigint;
begin
  for lot in
    select id, remaining_amount - held_amount as free from tallystick.credit_lot
    where account_id = p_account.id and open and remaining_amount > held_amount
      and (expiration_date is null or expiration_date > p_now)
    order by (payment_id is distinct from p_told.payment_id), (effective_at > p_now), priority, (scope is null), expiration_date, id
  loop
    exit when wanted = 0;
    lot_ids := lot_ids || lot.id;
    takes := takes || least(lot.free, wanted);
    wanted := wanted - least(lot.free, wanted);
  end loop;
  p_account.seq := p_account.seq + 1;
  p_account.current_credits := p_account.current_credits - p_amount;
  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type, payment_id, forgivable)
    overriding system value
    values (entry_id, p_account.id, p_account.seq, -p_amount, p_account.current_credits, entry_id, p_now, 'clawback', p_told.payment_id,
      case when p_told.policy = 'forgive' then true end);
  perform tallystick.draw_on_lots(entry_id, lot_ids, takes, p_now);
  owed := p_account.debt + wanted;
  p_account.debt := owed;
  p_account := tallystick.forgive_shortfalls(p_account, p_now, entry_id);
  perform tallystick.store_account(p_account, p_now);
  return jsonb_build_object('forgiven', owed - p_account.debt);
end $$;

-- Forgives what nothing can pay any more of a locked account's forgivable claw-backs, each by a grant that it draws at
-- once, and answers the account as that leaves it. What is held is not spent yet: it may still pay, the oldest shortfalls
-- first, and a hold that ends must not give back what was forgiven. Called wherever less may be held than was: after a
-- claw-back, after a hold, and when time has let a lot expire under its hold. Whatever else becomes free pays shortfalls
-- from the front, and what stands behind stays as it is. No payment's lock is needed: the entry itself says that it is
-- forgivable, and never changes.
create or replace function tallystick.forgive_shortfalls(
  p_account tallystick.user_credit, p_now timestamptz, p_operation_id bigint default null -- the operation's first entry, where it has one
) returns tallystick.user_credit language plpgsql as $$
declare
  held bigint;
  part record;
  entry_id bigint;
begin
  if p_account.debt = 0 then return p_account; end if;
  select coalesce(sum(held_amount), 0) into held from tallystick.credit_lot
    where account_id = p_account.id and open and (expiration_date is null or expiration_date > p_now);
  for part in
    select * from tallystick.lost_shortfalls(p_account.id, held, 9007199254740991 - p_account.current_credits)
  loop
    entry_id := nextval('tallystick.credit_transaction_id_seq');
    p_operation_id := coalesce(p_operation_id, entry_id);
    p_account.seq := p_account.seq + 1;
    p_account.current_credits := p_account.current_credits + part.lost;
    p_account.debt := p_account.debt - part.lost;
    insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type, refund_of_id)
      overriding system value
      values (entry_id, p_account.id, p_account.seq, part.lost, p_account.current_credits, p_operation_id, p_now, 'adjustment', part.clawback_id);
    insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at, open)
      values (entry_id, p_account.id, part.lost, 0, p_now, false);
    insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
      values (part.clawback_id, part.next_n, entry_id, part.lost, p_now);
  end loop;
  return p_account;
end $$;

-- Gives claw-backs of a payment back, the newest first, by p_amount together.
create or replace function tallystick.reinstate(
  p_account tallystick.user_credit, p_payment_id bigint, p_amount bigint, p_now timestamptz
) returns jsonb language plpgsql as $$
declare
  clawback record;
  given record;
  rest bigint := p_amount;
  part bigint;
  operation_id bigint;
begin
  for clawback in
    select entry.id, -entry.amount - coalesce((select sum(back.amount) from tallystick.credit_transaction back
      where back.refund_of_id = entry.id and back.type = 'reinstate'), 0) as left
    from tallystick.credit_transaction entry
    where entry.payment_id = p_payment_id and entry.type = 'clawback'
      and tallystick.acting_account(entry.account_id) = p_account.id
    order by entry.id desc
  loop
    exit when rest = 0;
    part := least(clawback.left, rest);
    continue when part = 0;
    given := tallystick.give_back(p_account.id, clawback.id, part, interval '24 hours', p_now);
    operation_id := coalesce(operation_id, given.entry_ids[1]);
    p_account := tallystick.write_returned(p_account, clawback.id, 'reinstate', p_now, given.entry_ids, given.amounts,
      given.draw_numbers, given.payment_ids, operation_id);
    p_account.debt := p_account.debt - given.debt_cancelled;
    rest := rest - part;
  end loop;
  p_account.debt := p_account.debt - tallystick.pay_shortfalls(p_account.id, p_account.debt, p_now);
  perform tallystick.store_account(p_account, p_now);
  return jsonb_build_object('forgiven', 0);
end $$;
