-- distribute: the due periods of enrolments, set-based. Each (enrolment, period) is a fact, unique in the journal, so
-- whatever runs twice grants once. p_plans: [{"planId", "credits", "validDays", "rollover": {"max", "min"}}].

-- One batch: the next p_batch due enrolments behind p_after, of accounts that nobody else has locked, one period each. The
-- next batch goes on behind the last enrolment seen (`next`, null at the end). `again` counts enrolments that missed
-- further periods, for which one begins from the front; `returned` those that distribute_returned serves.
-- With p_account_id, whose lock the caller has: all that is due of the account, returned payments included.
create or replace function tallystick.distribute_credits(
  p_plans jsonb, p_batch integer, p_account_id bigint default null, p_after jsonb default null)
returns jsonb language plpgsql set lock_timeout = '5s' set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  t timestamptz := tallystick.clock();
  page record;
  account_ids bigint[];
  returned bigint;
  counts jsonb;
begin
  if p_account_id is not null then return tallystick.distribute_account(p_plans, p_account_id); end if;
  select array_agg(id) as ids, array_agg(account_id) as account_ids, count(*) as due,
      jsonb_build_object('dueAt', (array_agg(next_due_at))[count(*)], 'id', (array_agg(id))[count(*)]) as last into page
    from (
      select id, account_id, next_due_at from tallystick.credit_enrolment
      where next_due_at <= t and (next_due_at, id) >
        (coalesce((p_after ->> 'dueAt')::timestamptz, '-infinity'), (p_after ->> 'id')::bigint)
      order by next_due_at, id limit p_batch) due;
  if page.due = 0 then return jsonb_build_object('granted', 0, 'credits', 0, 'again', 0, 'next', null); end if;
  account_ids := array(select id from tallystick.user_credit where id = any (page.account_ids)
    order by id for no key update skip locked);
  t := tallystick.clock(); -- later than every entry that these accounts have
  -- Read now that nobody can tell of a return to these accounts until this is committed. Joined, because a function with
  -- a query in it is run for every row: measured, a sixth of the batch.
  select array_agg(e.id) filter (where back.payment_id is null), count(back.payment_id) into page.ids, returned
    from tallystick.credit_enrolment e
    left join tallystick.credit_return back on back.payment_id = e.payment_id and back.returned_amount > 0
    where e.id = any (page.ids) and e.account_id = any (account_ids);
  counts := tallystick.grant_periods(p_plans, page.ids, t);
  return counts || jsonb_build_object('returned', returned, 'next', case when page.due = p_batch then page.last end);
end $$;

create or replace function tallystick.is_returned(p_payment_id bigint) returns boolean language sql stable as $$
  select exists (select from tallystick.credit_return where payment_id = p_payment_id and returned_amount > 0)
$$;

-- The next due enrolment behind p_after whose payment was returned in part or whole, one period, in a transaction of its
-- own: the grant and what is owed back of it belong together, and settling may need the locks of further accounts.
create or replace function tallystick.distribute_returned(p_plans jsonb, p_after jsonb default null)
returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  t timestamptz := tallystick.clock();
  due record;
  counts jsonb := '{"granted": 0, "credits": 0}';
begin
  select e.id, e.account_id, e.payment_id, e.next_due_at into due from tallystick.credit_enrolment e
    where e.next_due_at <= t and (e.next_due_at, e.id) >
        (coalesce((p_after ->> 'dueAt')::timestamptz, '-infinity'), (p_after ->> 'id')::bigint)
      and tallystick.is_returned(e.payment_id)
    order by e.next_due_at, e.id limit 1;
  if not found then return counts || '{"next": null}'; end if;
  perform tallystick.lock_payment(due.payment_id);
  perform from tallystick.user_credit where id = due.account_id for no key update skip locked;
  -- A merge may have moved the enrolment meanwhile; then the next run finds it where it is.
  if found and exists (select from tallystick.credit_enrolment where id = due.id and account_id = due.account_id) then
    counts := tallystick.grant_periods(p_plans, array[due.id], tallystick.clock());
    if counts -> 'granted' <> '0' then perform tallystick.settle_returns_of(due.payment_id); end if;
  end if;
  return counts || jsonb_build_object('next', jsonb_build_object('dueAt', due.next_due_at, 'id', due.id));
end $$;

-- All that is due of an account whose lock the caller has.
create or replace function tallystick.distribute_account(p_plans jsonb, p_account_id bigint) returns jsonb
language plpgsql as $$
declare
  due record;
  counts jsonb;
  granted bigint := 0;
  credits bigint := 0;
  passed bigint[] := '{}';
begin
  loop
    select id, payment_id into due from tallystick.credit_enrolment
      where account_id = p_account_id and next_due_at <= tallystick.clock() and not id = any (passed)
      order by next_due_at, id limit 1;
    exit when not found;
    counts := tallystick.grant_periods(p_plans, array[due.id], tallystick.clock());
    if counts -> 'granted' = '0' then
      passed := passed || due.id; -- a plan that the catalog lost, or a balance at its limit
    elsif tallystick.is_returned(due.payment_id) then
      perform tallystick.settle_returns_of(due.payment_id);
    end if;
    granted := granted + (counts ->> 'granted')::bigint;
    credits := credits + (counts ->> 'credits')::bigint;
  end loop;
  return jsonb_build_object('granted', granted, 'credits', credits);
end $$;

-- Grants the due period of each of these enrolments, whose accounts the caller has locked, and moves them on. Planned for
-- each batch, and without scans of whole tables, for the reasons that expire_lots_of gives.
create or replace function tallystick.grant_periods(p_plans jsonb, p_enrolment_ids bigint[], p_now timestamptz) returns jsonb
language plpgsql set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  max_amount constant numeric := 9007199254740991;
  rolls constant boolean := jsonb_path_exists(p_plans, '$[*] ? (@.rollover != null)');
  counts record;
begin
  -- First of all, as in every operation: what a grant pays and what is cached depend on what is held no more.
  perform tallystick.release_holds_due(
    array(select account_id from tallystick.credit_enrolment where id = any (p_enrolment_ids)), p_now);
  if rolls then perform tallystick.roll_over(p_plans, p_enrolment_ids, p_now); end if;
  with plan as materialized (
    select * from jsonb_to_recordset(p_plans) as plan ("planId" text, credits bigint, "validDays" integer, rollover jsonb)
  ), due as (
    -- Entries of one account are numbered, and each needs the balance that the one before it left.
    select e.id as enrolment_id, e.account_id, e.type, e.payment_id, e.plan_id, e.next_period, e.period_credits, account.debt,
      plan.credits * e.quantity as amount, account.seq + row_number() over earlier as seq,
      account.current_credits + sum(plan.credits::numeric * e.quantity) over earlier as book,
      tallystick.has_period(e.first_period, e.period_count, e.next_period + 1) as goes_on,
      span.ends_at,
      case when plan.rollover is null then p_now + make_interval(hours => 24 * plan."validDays") else span.ends_at end as expires_at,
      -- A missed period of a plan that rolls over was valid in its time, which is past.
      case when plan.rollover is not null and span.ends_at <= p_now then e.next_due_at else p_now end as effective_at
    from tallystick.credit_enrolment e
    join plan on plan."planId" = e.plan_id
    join tallystick.user_credit account on account.id = e.account_id
    cross join lateral (select tallystick.period_start(
      e.anchor_at, account.time_zone, e.next_period + 1, e.anchor_time_zone) as ends_at) span
    where e.id = any (p_enrolment_ids) and e.next_due_at <= p_now
    window earlier as (partition by e.account_id order by e.next_due_at, e.id)
  ), entry as materialized (
    select nextval('tallystick.credit_transaction_id_seq') as id, due.* from due where book <= max_amount
  ), journal as (
    insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      payment_id, provider, fact, description)
    overriding system value
    select id, account_id, seq, amount, book, id, p_now, type,
      payment_id, 'tallystick', 'enrolment:' || enrolment_id || ':' || next_period, plan_id from entry
  ), lot as (
    insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at, expiration_date, payment_id)
    select id, account_id, amount, amount, effective_at, expires_at, payment_id from entry
  ), account as (
    -- Totals that time has outrun are left for the next operation to compute anew; they stay marked by their moment. Those
    -- of debtors are computed below.
    update tallystick.user_credit set current_credits = total.book, seq = total.seq, updated_at = p_now,
      cached_balance = cached_balance + total.live, cached_available = cached_available + total.live,
      next_change_at = least(next_change_at, total.expires_at)
    from (select account_id, max(book) as book, max(seq) as seq,
        coalesce(sum(amount) filter (where expires_at > p_now or expires_at is null), 0) as live,
        min(expires_at) filter (where expires_at > p_now) as expires_at
      from entry group by account_id) total
    where user_credit.id = total.account_id
  ), enrolment as (
    update tallystick.credit_enrolment set next_period = entry.next_period + 1, period_ends_at = entry.ends_at,
      period_credits = entry.amount, next_due_at = case when entry.goes_on then entry.ends_at end
    from entry where credit_enrolment.id = entry.enrolment_id
  )
  select count(*) as granted, coalesce(sum(amount), 0) as credits, count(*) filter (where goes_on and ends_at <= p_now) as again,
      array_agg(account_id) filter (where debt > 0) as debtors into counts from entry;
  if counts.debtors is not null then perform tallystick.pay_debts_of(counts.debtors, p_now); end if;
  return jsonb_build_object('granted', counts.granted, 'credits', counts.credits, 'again', counts.again);
end $$;

create or replace function tallystick.due_enrolments(p_plans jsonb) returns jsonb language plpgsql stable as $$
declare
  t timestamptz := tallystick.clock();
begin
  return (select jsonb_build_object(
      'remaining', coalesce(sum(n) filter (where known), 0),
      'unknownPlans', coalesce(jsonb_agg(plan_id order by plan_id) filter (where not known), '[]'))
    from (
      select plan_id, count(*) as n, plan_id in (select plan ->> 'planId' from jsonb_array_elements(p_plans) plan) as known
      from tallystick.credit_enrolment where next_due_at <= t group by plan_id) due);
end $$;
