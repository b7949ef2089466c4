-- Enrolment: an account's right to a plan's monthly credits, by anniversary.

-- When period k begins: k months after the anchor's local date and time, clamped to the month's end from the original
-- day (31 Jan, 28 Feb, 31 Mar). The anchor's day and hour are read in the zone in which it was set, and then meant in
-- the account's: an account that moves from Berlin to Sydney keeps its 31st.
create or replace function tallystick.period_start(
  p_anchor timestamptz, p_time_zone text, p_period integer, p_anchor_time_zone text default null)
returns timestamptz language sql stable as $$
  select ((p_anchor at time zone coalesce(p_anchor_time_zone, p_time_zone)) + make_interval(months => p_period)) at time zone p_time_zone
$$;

-- Whether enrolment has a period p_period to grant.
create or replace function tallystick.has_period(p_first integer, p_count integer, p_period integer)
returns boolean language sql immutable as $$ select p_count is null or p_period < p_first + p_count $$;

-- enrol: a right to periodic credits; grants nothing itself. Without a fact it is once for each (account, plan); with
-- one, once for each fact. A further paid term of the same source continues where the last ends and keeps its anchor, when
-- that end is at most a month past or two ahead and something of the new term is left: a renewal. Otherwise it stands
-- beside the last and begins now.
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
  anchor_zone text;
  continues bigint;
  first_period integer := 0;
  first_due timestamptz;
begin
  -- A payment's grants and returns take turns; its lock comes before the account's.
  if p_payment_id is not null then perform tallystick.lock_payment(p_payment_id); end if;
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
  anchor_zone := account.time_zone;
  first_due := t;
  if p_period_count is not null and p_source is not null then
    select e.id, e.anchor_at, e.anchor_time_zone, e.first_period + e.period_count as next_first,
        case when e.next_period >= e.first_period + e.period_count and e.period_ends_at is not null then e.period_ends_at
          else tallystick.period_start(e.anchor_at, account.time_zone, e.first_period + e.period_count, e.anchor_time_zone)
          end as ends_at into last
      from tallystick.credit_enrolment e
      where e.account_id = account.id and e.plan_id = p_plan_id and e.source = p_source and e.ended_at is null
        and e.period_count is not null
      order by ends_at desc, e.id desc limit 1;
    if found and (last.ends_at at time zone 'UTC')
        between ((t at time zone 'UTC') - interval '1 month') and ((t at time zone 'UTC') + interval '2 months')
      and tallystick.period_start(last.anchor_at, account.time_zone, last.next_first + p_period_count, last.anchor_time_zone) > t
    then
      continues := last.id;
      anchor := last.anchor_at;
      anchor_zone := last.anchor_time_zone;
      first_period := last.next_first;
      first_due := last.ends_at;
    end if;
  end if;
  insert into tallystick.credit_enrolment (account_id, plan_id, type, quantity, anchor_at, anchor_time_zone, first_period,
      period_count, next_period, next_due_at, period_ends_at, payment_id, provider, fact, source, continues_id, created_at)
    values (account.id, p_plan_id, p_type, p_quantity, anchor, anchor_zone, first_period,
      p_period_count, first_period, first_due, first_due, p_payment_id, p_provider, p_fact, p_source, continues, t)
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

create or replace function tallystick.enrolment_json(e tallystick.credit_enrolment) returns jsonb language sql stable as $$
  select jsonb_build_object('id', e.id::text, 'planId', e.plan_id, 'type', e.type, 'quantity', e.quantity,
    'status', case when e.ended_at is not null then 'ended' when e.paused_at is not null then 'paused'
      when not tallystick.has_period(e.first_period, e.period_count, e.next_period) then 'completed' else 'active' end,
    'anchorAt', e.anchor_at, 'periodsGranted', e.next_period - e.first_period, 'periodCount', e.period_count,
    'periodEndsAt', case when e.next_period > e.first_period then coalesce(e.period_ends_at, e.next_due_at) end,
    'nextDueAt', e.next_due_at, 'pausedAt', e.paused_at, 'endedAt', e.ended_at, 'createdAt', e.created_at,
    'source', e.source, 'continuesId', e.continues_id::text)
$$;

-- Every enrolment of an account, the newest first.
create or replace function tallystick.enrolments_of(p_user_id text, p_unit text default 'credit') returns jsonb
language plpgsql stable as $$
declare
  account tallystick.user_credit;
begin
  select * into account from tallystick.user_credit where user_id = p_user_id and unit = p_unit;
  while account.merged_into_id is not null loop
    select * into account from tallystick.user_credit where id = account.merged_into_id;
  end loop;
  return (select coalesce(jsonb_agg(tallystick.enrolment_json(e) order by e.id desc), '[]')
    from tallystick.credit_enrolment e where e.account_id = account.id);
end $$;

-- The zone in which an account's periods begin, from the period after the running one on: what was promised for the
-- running one stays, its end included, so that periods neither overlap nor leave a gap.
create or replace function tallystick.set_time_zone(p_user_id text, p_time_zone text, p_unit text default 'credit')
returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  account tallystick.user_credit;
begin
  if not exists (select from pg_timezone_names where name = p_time_zone) then
    return jsonb_build_object('outcome', 'invalid_request',
      'message', 'timeZone must be a name of the IANA time zone database, such as Europe/Berlin.');
  end if;
  account := tallystick.lock_account(p_user_id, p_unit, true);
  update tallystick.user_credit set time_zone = p_time_zone, updated_at = tallystick.clock()
    where id = account.id and time_zone <> p_time_zone;
  return jsonb_build_object('outcome', 'ok', 'timeZone', p_time_zone);
end $$;
