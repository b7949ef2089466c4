-- Enrolment and distribution: the monthly credits of free, yearly and lifetime plans, by anniversary.

-- When period k begins: k months after the anchor's local date and time, clamped to the month's end from the original
-- day (31 Jan, 28 Feb, 31 Mar), in the account's zone.
create or replace function tallystick.period_start(p_anchor timestamptz, p_time_zone text, p_period integer)
returns timestamptz language sql stable as $$
  select ((p_anchor at time zone p_time_zone) + make_interval(months => p_period)) at time zone p_time_zone
$$;

-- enrol: a right to periodic credits; grants nothing itself. Without a fact it is once for each (account, plan); with
-- one, once for each fact. A further paid term of the same source continues where the last ends and keeps its anchor, when
-- that end is at most a month past or two ahead: a renewal. Otherwise it stands beside the last and begins now.
create or replace function tallystick.enrol_account(
  p_user_id text,
  p_plan_id text,
  p_type text,
  p_unit text default 'credit',
  p_quantity bigint default 1,
  p_period_count integer default null,
  p_payment_id bigint default null,
  p_provider text default null,
  p_fact text default null,
  p_source text default null
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  account tallystick.user_credit;
  t timestamptz;
  enrolment_id bigint;
  created boolean;
  last record;
  anchor timestamptz;
  first_period integer := 0;
  first_due timestamptz;
begin
  account := tallystick.lock_account(p_user_id, p_unit, true);
  t := tallystick.clock();
  if p_fact is null then
    select id into enrolment_id from tallystick.credit_enrolment
      where account_id = account.id and plan_id = p_plan_id and fact is null and ended_at is null;
  else
    select id into enrolment_id from tallystick.credit_enrolment where provider = p_provider and fact = p_fact;
  end if;
  if found then
    return jsonb_build_object('outcome', 'ok', 'enrolmentId', enrolment_id::text, 'accountId', account.id::text, 'created', false);
  end if;

  anchor := t;
  first_due := t;
  if p_period_count is not null and p_source is not null then
    select e.anchor_at, e.first_period + e.period_count as next_first,
        tallystick.period_start(e.anchor_at, account.time_zone, e.first_period + e.period_count) as ends_at into last
      from tallystick.credit_enrolment e
      where e.account_id = account.id and e.plan_id = p_plan_id and e.source = p_source and e.ended_at is null
        and e.period_count is not null
      order by ends_at desc limit 1;
    if found and last.ends_at between t - interval '1 month' and t + interval '2 months' then
      anchor := last.anchor_at;
      first_period := last.next_first;
      first_due := last.ends_at;
    end if;
  end if;
  insert into tallystick.credit_enrolment (account_id, plan_id, type, quantity, anchor_at, first_period, period_count,
      next_period, next_due_at, payment_id, provider, fact, source, created_at)
    values (account.id, p_plan_id, p_type, p_quantity, anchor, first_period, p_period_count,
      first_period, first_due, p_payment_id, p_provider, p_fact, p_source, t)
    on conflict (provider, fact) where fact is not null do nothing
    returning id into enrolment_id;
  created := enrolment_id is not null;
  if not created then
    -- The same fact, told about another account in a transaction that committed meanwhile.
    select id into enrolment_id from tallystick.credit_enrolment where provider = p_provider and fact = p_fact;
  end if;
  return jsonb_build_object('outcome', 'ok', 'enrolmentId', enrolment_id::text, 'accountId', account.id::text,
    'created', created);
end $$;

-- Ends every enrolment of a source (a cancelled subscription): what was granted stays, no further period is.
create or replace function tallystick.end_enrolments(p_source text) returns bigint
language plpgsql set lock_timeout = '5s' as $$
declare
  t timestamptz := tallystick.clock();
  ended bigint;
begin
  perform from tallystick.user_credit account
    where account.id in (select account_id from tallystick.credit_enrolment where source = p_source and ended_at is null)
    order by account.id for no key update;
  update tallystick.credit_enrolment set ended_at = t, next_due_at = null where source = p_source and ended_at is null;
  get diagnostics ended = row_count;
  return ended;
end $$;

-- distribute: grants one due period to each of up to p_batch accounts that nobody else has locked, and moves their
-- enrolment on; called until nothing is due, it catches up missed periods one by one. Each (enrolment, period) is a
-- fact, unique in the journal, so whatever runs twice grants once. p_plans: [{"planId", "credits", "validDays"}].
create or replace function tallystick.distribute_credits(p_plans jsonb, p_batch integer, p_account_id bigint default null)
returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  t timestamptz := tallystick.clock();
  account_ids bigint[];
  counts record;
begin
  -- The limit counts what can be locked and granted, so that busy and full accounts don't keep the others waiting.
  select array_agg(id) into account_ids from (
    select account.id from tallystick.credit_enrolment enrolment
    join tallystick.user_credit account on account.id = enrolment.account_id
    join jsonb_to_recordset(p_plans) as plan ("planId" text, credits bigint) on plan."planId" = enrolment.plan_id
    where enrolment.next_due_at <= t and (p_account_id is null or enrolment.account_id = p_account_id)
      and plan.credits::numeric * enrolment.quantity + account.current_credits <= 9007199254740991
    order by enrolment.next_due_at, enrolment.id limit p_batch for no key update of account skip locked) locked;
  if account_ids is null then return jsonb_build_object('granted', 0, 'credits', 0); end if;
  t := tallystick.clock(); -- later than every entry that these accounts have

  with due as (
    -- One period of one enrolment for each account: each entry needs the balance that the one before it left.
    select distinct on (enrolment.account_id) enrolment.id as enrolment_id, enrolment.account_id, enrolment.type,
      enrolment.payment_id, enrolment.next_period, plan.credits * enrolment.quantity as amount,
      t + make_interval(days => plan."validDays") as expires_at,
      case when enrolment.period_count is null or enrolment.next_period + 1 < enrolment.first_period + enrolment.period_count
        then tallystick.period_start(enrolment.anchor_at, account.time_zone, enrolment.next_period + 1) end as next_due_at,
      enrolment.plan_id
    from tallystick.credit_enrolment enrolment
    join jsonb_to_recordset(p_plans) as plan ("planId" text, credits bigint, "validDays" integer)
      on plan."planId" = enrolment.plan_id
    join tallystick.user_credit account on account.id = enrolment.account_id
    where enrolment.account_id = any (account_ids) and enrolment.next_due_at <= t
      and plan.credits::numeric * enrolment.quantity + account.current_credits <= 9007199254740991
    order by enrolment.account_id, enrolment.next_due_at, enrolment.id
  ), entry as (
    select nextval('tallystick.credit_transaction_id_seq') as id, due.* from due
  ), journal as (
    insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      payment_id, provider, fact, description)
    overriding system value
    select entry.id, account.id, account.seq + 1, entry.amount, account.current_credits + entry.amount, entry.id, t, entry.type,
      entry.payment_id, 'tallystick', 'enrolment:' || entry.enrolment_id || ':' || entry.next_period, entry.plan_id
    from entry join tallystick.user_credit account on account.id = entry.account_id
  ), lot as (
    insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at, expiration_date, payment_id)
    select id, account_id, amount, amount, t, expires_at, payment_id from entry
  ), account as (
    -- Totals that time has outrun are left for the next operation to compute anew; they stay marked by their moment.
    update tallystick.user_credit set current_credits = current_credits + entry.amount, seq = seq + 1, updated_at = t,
      cached_balance = cached_balance + entry.amount,
      cached_available = case when debt = 0 then cached_available + entry.amount else 0 end,
      next_change_at = case when next_change_at > t then least(next_change_at, entry.expires_at) else next_change_at end
    from entry where user_credit.id = entry.account_id
  ), enrolment as (
    update tallystick.credit_enrolment set next_period = entry.next_period + 1, next_due_at = entry.next_due_at
    from entry where credit_enrolment.id = entry.enrolment_id
  )
  select count(*) as granted, coalesce(sum(amount), 0) as credits into counts from due;
  return jsonb_build_object('granted', counts.granted, 'credits', counts.credits);
end $$;

create or replace function tallystick.due_enrolments(p_plans jsonb) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'remaining', count(*) filter (where known),
    'unknownPlans', coalesce(jsonb_agg(distinct plan_id) filter (where not known), '[]'))
  from (
    select plan_id, exists (select from jsonb_array_elements(p_plans) plan where plan ->> 'planId' = plan_id) as known
    from tallystick.credit_enrolment where next_due_at <= tallystick.clock()) due
$$;
