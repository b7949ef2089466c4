-- A change of plan: the old enrolment ends and a new one continues it, with its payment, term and source. No period is
-- given twice, however often a plan is changed and changed back.

-- p_grant says what the running period gets now. `difference`: so much that it has given what the new plan gives, never
-- negative, so that a downgrade takes effect with the next period. `full`: the whole of the new plan; refused when the
-- running period has given this plan before. `next_period`: nothing. p_anchor `keep`: periods begin as before; `now`: a
-- period of the new plan begins now. Periods of the old plan that are due are granted first; those of a plan that the
-- catalog has lost are granted by the new one. Terms of the same source that are paid and have not begun change along.
-- With p_quantity the quantity changes too, and then the plan may stay.
create or replace function tallystick.change_plan(
  p_user_id text,
  p_from text,
  p_to text,
  p_plans jsonb,
  p_unit text default 'credit',
  p_source text default null,
  p_grant text default 'difference',
  p_anchor text default 'keep',
  p_idempotency_key text default null,
  p_quantity bigint default null
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  account tallystick.user_credit;
  old tallystick.credit_enrolment;
  new_id bigint;
  t timestamptz;
  hash bytea := tallystick.request_hash('change_plan', p_from, p_to, p_source, p_grant, p_anchor);
  known record;
  terms record; -- of the new plan
  running integer; -- the period that is running now
  begun boolean; -- whether a period is running
  new_quantity bigint;
  given bigint;
  amount bigint;
  ends_at timestamptz;
  granted jsonb;
begin
  perform tallystick.lock_payment(payment_id) from (
    select distinct e.payment_id from tallystick.user_credit named
    join tallystick.credit_enrolment e on e.account_id = tallystick.acting_account(named.id)
    where named.user_id = p_user_id and named.unit = p_unit and e.plan_id = p_from and e.ended_at is null
      and e.payment_id is not null order by e.payment_id) paid;
  account := tallystick.lock_account(p_user_id, p_unit, false);
  t := tallystick.clock();
  if p_idempotency_key is not null then
    -- Under the account named and those it is merged into: an enrolment may have moved.
    select e.id, e.request_hash into known from tallystick.user_credit named
      join tallystick.credit_enrolment e on e.account_id = any (tallystick.account_chain(named.id))
      where named.user_id = p_user_id and named.unit = p_unit and e.idempotency_key = p_idempotency_key
      order by e.id limit 1;
    if found then
      if known.request_hash <> hash then return jsonb_build_object('outcome', 'idempotency_conflict'); end if;
      return tallystick.plan_changed(known.id, 0, true);
    end if;
  end if;
  old := tallystick.running_enrolment(account.id, p_from, p_source, t);
  if old.next_due_at <= t and exists (select from jsonb_array_elements(p_plans) known_plan where known_plan ->> 'planId' = p_from) then
    perform tallystick.distribute_account(p_plans, account.id);
    account := tallystick.lock_account(p_user_id, p_unit, false);
    old := tallystick.running_enrolment(account.id, p_from, p_source, t);
    if old.next_due_at <= t then return jsonb_build_object('outcome', 'balance_limit'); end if;
  end if;
  if old.id is null then
    return jsonb_build_object('outcome', 'invalid_state', 'message', format('the account is not enrolled in plan %s.', p_from));
  end if;
  if old.paused_at is not null then
    return jsonb_build_object('outcome', 'invalid_state', 'message', 'the enrolment is paused; resume it first.');
  end if;
  select * into terms from jsonb_to_recordset(p_plans) as plan ("planId" text, credits bigint, "validDays" integer, rollover jsonb)
    where plan."planId" = p_to;
  if old.fact is null and exists (select from tallystick.credit_enrolment e
      where e.account_id = account.id and e.plan_id = p_to and e.fact is null and e.ended_at is null) then
    return jsonb_build_object('outcome', 'invalid_state', 'message', format('the account is enrolled in plan %s already.', p_to));
  end if;

  running := greatest(old.next_period - 1, old.first_period);
  ends_at := coalesce(old.period_ends_at, old.next_due_at);
  begun := old.next_period > old.first_period and ends_at > t;
  if p_anchor = 'now' and not begun then
    return jsonb_build_object('outcome', 'invalid_state', 'message', 'no period is running from which to begin anew; keep the anchor.');
  end if;
  new_quantity := coalesce(p_quantity, old.quantity);
  given := case when begun then old.period_credits else 0 end;
  amount := case
    when p_grant = 'next_period' or not begun then 0
    when p_grant = 'full' then terms.credits * new_quantity
    else greatest(0, terms.credits * new_quantity - given) end;
  if p_grant = 'full' and tallystick.was_given(old.id, p_to, t) then
    return jsonb_build_object('outcome', 'invalid_state',
      'message', format('the running period has given plan %s before; change with grant "next_period".', p_to));
  end if;
  if account.current_credits > 9007199254740991 - amount then return jsonb_build_object('outcome', 'balance_limit'); end if;

  update tallystick.credit_enrolment set ended_at = t, next_due_at = null, period_ends_at = ends_at where id = old.id;
  if p_anchor = 'now' then
    ends_at := tallystick.period_start(t, account.time_zone, 1, account.time_zone);
    running := 0;
  end if;
  insert into tallystick.credit_enrolment (account_id, plan_id, type, quantity, anchor_at, anchor_time_zone, first_period,
      period_count, next_period, next_due_at, period_ends_at, period_credits, payment_id, provider, fact, source, continues_id,
      idempotency_key, request_hash, created_at)
    select account.id, p_to, old.type, new_quantity,
      case when p_anchor = 'now' then t else old.anchor_at end,
      case when p_anchor = 'now' then account.time_zone else old.anchor_time_zone end,
      running, term.periods, term.next_period,
      case when tallystick.has_period(running, term.periods, term.next_period) then ends_at end, ends_at, given + amount,
      old.payment_id, case when old.fact is not null then 'tallystick' end,
      case when old.fact is not null then 'plan_change:' || old.id end, old.source, old.id,
      p_idempotency_key, case when p_idempotency_key is not null then hash end, t
    from (select old.period_count - (greatest(old.next_period - 1, old.first_period) - old.first_period) as periods,
      running + case when old.next_period > old.first_period then 1 else 0 end as next_period) term
    returning id into new_id;
  update tallystick.credit_enrolment set plan_id = p_to, quantity = coalesce(p_quantity, quantity), continues_id = case when continues_id = old.id then new_id else continues_id end
    where account_id = account.id and plan_id = p_from and source = old.source and ended_at is null and next_period = first_period;
  if amount > 0 then
    granted := tallystick.grant_credits(p_user_id, amount, old.type, p_unit, p_payment_id => old.payment_id,
      p_expires_at => case when terms.rollover is null then t + make_interval(hours => 24 * terms."validDays") else ends_at end,
      p_provider => 'tallystick', p_fact => 'enrolment:' || new_id || ':' || running, p_description => p_to);
    if granted ->> 'outcome' <> 'ok' then raise exception 'a plan change could not grant: %', granted; end if;
  end if;
  if ends_at <= t then perform tallystick.distribute_account(p_plans, account.id); end if;
  return tallystick.plan_changed(new_id, amount, false);
end $$;

-- The enrolment of a plan whose period runs; else one whose first period is to come.
create or replace function tallystick.running_enrolment(p_account_id bigint, p_plan_id text, p_source text, p_now timestamptz)
returns tallystick.credit_enrolment language sql stable as $$
  select e from tallystick.credit_enrolment e
  where e.account_id = p_account_id and e.plan_id = p_plan_id and e.ended_at is null and (p_source is null or e.source = p_source)
    and (e.next_due_at is not null or e.paused_at is not null or e.period_ends_at > p_now)
  order by e.next_period > e.first_period desc, coalesce(e.period_ends_at, e.next_due_at), e.id limit 1
$$;

-- Whether the running period has given a plan: by this enrolment, or by one that it continues and whose period still runs.
create or replace function tallystick.was_given(p_enrolment_id bigint, p_plan_id text, p_now timestamptz) returns boolean
language sql stable as $$
  with recursive giver as (
    select id, plan_id, continues_id, period_credits from tallystick.credit_enrolment where id = p_enrolment_id
    union all
    select e.id, e.plan_id, e.continues_id, e.period_credits from giver
    join tallystick.credit_enrolment e on e.id = giver.continues_id and coalesce(e.period_ends_at, e.next_due_at) > p_now
  )
  select exists (select from giver where plan_id = p_plan_id and period_credits > 0)
$$;

create or replace function tallystick.plan_changed(p_enrolment_id bigint, p_granted bigint, p_replayed boolean) returns jsonb
language sql stable as $$
  select jsonb_build_object('outcome', 'ok', 'granted', p_granted, 'replayed', p_replayed, 'enrolment', tallystick.enrolment_json(e))
  from tallystick.credit_enrolment e where e.id = p_enrolment_id
$$;
