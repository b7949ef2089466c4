-- Rollover: what a period left unused goes on into the next as a lot of its own, between a minimum and a maximum. The
-- period's lots end with it, so that nothing lives twice; the new lot is older than the fresh allowance and ends at the
-- same time, so that it burns first.

-- Writes the rollover of these enrolments' due periods, whose accounts the caller has locked, just before the periods
-- themselves. What a period left is what `expire` drew on its lots, whoever swept them; what is due is swept here first.
-- The part of a lot that a hold keeps at the turn stays with its hold: captured it is spent, released it expires and
-- is not rolled over. (enrolment, period) is a fact of the journal, so a period rolls over once.
create or replace function tallystick.roll_over(p_plans jsonb, p_enrolment_ids bigint[], p_now timestamptz) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
declare
  account_ids bigint[];
begin
  account_ids := array(
    select distinct e.account_id from tallystick.credit_enrolment e
    join jsonb_to_recordset(p_plans) as plan ("planId" text, rollover jsonb) on plan."planId" = e.plan_id
    where e.id = any (p_enrolment_ids) and e.next_due_at <= p_now and plan.rollover is not null and e.next_period > 0);
  if account_ids = '{}' then return; end if;
  perform tallystick.release_holds_due(account_ids, p_now);
  perform tallystick.expire_lots_of(account_ids, p_now);

  with recursive plan as materialized (
    select "planId" as plan_id, (rollover ->> 'max')::bigint as max, coalesce((rollover ->> 'min')::bigint, 0) as min
    from jsonb_to_recordset(p_plans) as plan ("planId" text, rollover jsonb) where rollover is not null
  ), giver as (
    -- The enrolments that gave the period before: this one, and those that it continues by renewal or change of plan.
    select e.id as enrolment_id, e.id as giver_id, e.continues_id, e.next_period, e.anchor_at
      from tallystick.credit_enrolment e
      where e.id = any (p_enrolment_ids) and e.next_due_at <= p_now and e.next_period > 0 and e.plan_id in (select plan_id from plan)
    union all
    select giver.enrolment_id, e.id, e.continues_id, e.next_period, e.anchor_at
      from giver join tallystick.credit_enrolment e on e.id = giver.continues_id
      where e.next_period = giver.next_period and e.anchor_at = giver.anchor_at
  ), ended as (
    select giver.enrolment_id, coalesce(sum(unused.amount), 0)::bigint as amount
    from giver
    join tallystick.credit_transaction given on given.provider = 'tallystick' and given.fact in (
      'enrolment:' || giver.giver_id || ':' || (giver.next_period - 1), 'rollover:' || giver.giver_id || ':' || (giver.next_period - 1))
    left join lateral (
      select sum(draw.amount) as amount from tallystick.credit_allocation draw
      join tallystick.credit_transaction debit on debit.id = draw.transaction_id
      where draw.lot_id = given.id and debit.type = 'expire') unused on true
    group by giver.enrolment_id
  ), due as (
    select e.id as enrolment_id, e.account_id, e.payment_id, e.plan_id, e.next_period, e.next_due_at,
      -- A payment that went back leaves no minimum: what was returned is not given again.
      least(plan.max * e.quantity, greatest(
        case when tallystick.is_returned(e.payment_id) then 0 else plan.min * e.quantity end, ended.amount)) as amount,
      'rollover:' || e.id || ':' || e.next_period as fact,
      tallystick.period_start(e.anchor_at, account.time_zone, e.next_period + 1, e.anchor_time_zone) as ends_at,
      account.seq, account.current_credits
    from ended
    join tallystick.credit_enrolment e on e.id = ended.enrolment_id
    join plan on plan.plan_id = e.plan_id
    join tallystick.user_credit account on account.id = e.account_id
  ), numbered as (
    select due.*, due.seq + row_number() over earlier as entry_seq, due.current_credits + sum(due.amount::numeric) over earlier as book
    from due
    where amount > 0
      and not exists (select from tallystick.credit_transaction known where known.provider = 'tallystick' and known.fact = due.fact)
    window earlier as (partition by account_id order by due.next_due_at, enrolment_id)
  ), entry as materialized (
    select nextval('tallystick.credit_transaction_id_seq') as id, numbered.* from numbered where book <= 9007199254740991
  ), journal as (
    insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      payment_id, provider, fact, description)
    overriding system value
    select id, account_id, entry_seq, amount, book, id, p_now, 'rollover', payment_id, 'tallystick', fact, plan_id from entry
  ), lot as (
    insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at, expiration_date, payment_id)
    select id, account_id, amount, amount, case when ends_at <= p_now then next_due_at else p_now end, ends_at, payment_id
    from entry
  )
  update tallystick.user_credit set current_credits = total.book, seq = total.seq, updated_at = p_now,
    cached_balance = cached_balance + total.live,
    cached_available = case when debt = 0 then cached_available + total.live else 0 end,
    next_change_at = least(next_change_at, total.ends_at)
  from (select account_id, max(book) as book, max(entry_seq) as seq,
      coalesce(sum(amount) filter (where ends_at > p_now), 0) as live, min(ends_at) filter (where ends_at > p_now) as ends_at
    from entry group by account_id) total
  where user_credit.id = total.account_id;
end $$;
