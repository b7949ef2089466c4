-- Spend limits: how much an account, or one member of it, may spend in a day, week or month of the limit's time zone.
-- Counters are kept under the account's lock, so that limits are exact however many spend at once.

create or replace function tallystick.limit_period_start(p_period text, p_time_zone text, p_moment timestamptz)
returns date language sql stable as $$
  select date_trunc(p_period, p_moment at time zone p_time_zone)::date
$$;

-- Counts a spend, or answers the refusal by the first limit that it would exceed and counts nothing.
create or replace function tallystick.count_spend(p_account_id bigint, p_member text, p_amount bigint, p_now timestamptz)
returns jsonb language plpgsql as $$
declare
  exceeded record;
begin
  select spend_limit.*, coalesce(counter.amount, 0) as spent, start.date as period_start into exceeded
    from tallystick.credit_spend_limit spend_limit
    cross join lateral tallystick.limit_period_start(spend_limit.period, spend_limit.time_zone, p_now) as start (date)
    left join tallystick.credit_spend_counter counter
      on counter.limit_id = spend_limit.id and counter.period_start = start.date
    where spend_limit.account_id = p_account_id and (spend_limit.member is null or spend_limit.member = p_member)
      and coalesce(counter.amount, 0) + p_amount > spend_limit.amount
    order by spend_limit.amount - coalesce(counter.amount, 0), spend_limit.id limit 1;
  if found then
    return jsonb_build_object('outcome', 'spend_limit_exceeded', 'limit', exceeded.amount, 'spent', exceeded.spent,
      'period', exceeded.period, 'member', exceeded.member,
      'message', format('The %s limit of %s%s would be exceeded: %s spent, %s asked.', exceeded.period, exceeded.amount,
        case when exceeded.member is null then '' else ' of member ' || exceeded.member end, exceeded.spent, p_amount));
  end if;
  perform tallystick.count_debit(p_account_id, p_member, p_amount, p_now);
  return null;
end $$;

-- Counts without asking: what a hold had been allowed already.
create or replace function tallystick.count_debit(p_account_id bigint, p_member text, p_amount bigint, p_now timestamptz)
returns void language sql as $$
  insert into tallystick.credit_spend_counter as counter (limit_id, period_start, amount)
  select id, tallystick.limit_period_start(period, time_zone, p_now), p_amount
  from tallystick.credit_spend_limit where account_id = p_account_id and (member is null or member = p_member)
  order by id
  on conflict (limit_id, period_start) do update set amount = counter.amount + excluded.amount
$$;

-- Takes a debit or hold of p_moment back, in its own period. Periods from before a limit have no counter.
create or replace function tallystick.uncount_spend(p_account_id bigint, p_member text, p_amount bigint, p_moment timestamptz)
returns void language sql as $$
  update tallystick.credit_spend_counter counter set amount = counter.amount - p_amount
  from tallystick.credit_spend_limit spend_limit
  where spend_limit.account_id = p_account_id and (spend_limit.member is null or spend_limit.member = p_member)
    and counter.limit_id = spend_limit.id
    and counter.period_start = tallystick.limit_period_start(spend_limit.period, spend_limit.time_zone, p_moment)
$$;

-- Sets or, with a null amount, removes a limit. A new limit counts what its present period has seen already: debits less
-- their refunds, and open holds. A limit keeps its time zone for life.
create or replace function tallystick.set_spend_limit(
  p_user_id text,
  p_period text,
  p_amount bigint default null,
  p_unit text default 'credit',
  p_member text default null,
  p_time_zone text default null
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  account tallystick.user_credit;
  t timestamptz;
begin
  if p_time_zone is not null and not exists (select from pg_timezone_names where name = p_time_zone) then
    return jsonb_build_object('outcome', 'invalid_request', 'message', format('There is no time zone %s.', p_time_zone));
  end if;
  account := tallystick.lock_account(p_user_id, p_unit, p_amount is not null);
  t := tallystick.clock();
  if account.id is null then return jsonb_build_object('outcome', 'ok'); end if;
  if t >= account.next_change_at then account := tallystick.catch_up(account, t); end if;
  if p_amount is null then
    delete from tallystick.credit_spend_limit
      where account_id = account.id and member is not distinct from p_member and period = p_period;
    update tallystick.user_credit set limited = exists (select from tallystick.credit_spend_limit where account_id = account.id)
      where id = account.id;
    return jsonb_build_object('outcome', 'ok');
  end if;
  update tallystick.credit_spend_limit set amount = p_amount
    where account_id = account.id and member is not distinct from p_member and period = p_period
      and time_zone = coalesce(p_time_zone, time_zone);
  -- The account's row is written too, so that a transaction with an older snapshot can't spend by the old limit.
  update tallystick.user_credit set limited = true where id = account.id;
  if not exists (select from tallystick.credit_spend_limit where account_id = account.id
      and member is not distinct from p_member and period = p_period and time_zone = coalesce(p_time_zone, time_zone)) then
    delete from tallystick.credit_spend_limit
      where account_id = account.id and member is not distinct from p_member and period = p_period;
    perform tallystick.add_spend_limit(account.id, p_member, p_period, p_amount, coalesce(p_time_zone, account.time_zone), t);
  end if;
  return jsonb_build_object('outcome', 'ok');
end $$;

create or replace function tallystick.add_spend_limit(
  p_account_id bigint, p_member text, p_period text, p_amount bigint, p_time_zone text, p_now timestamptz
) returns void language plpgsql as $$
declare
  limit_id bigint;
  period_start date := tallystick.limit_period_start(p_period, p_time_zone, p_now);
  -- A local midnight that comes twice (Azores, Havana) is read as the second: from before it, asked by its period.
  begins timestamptz := (period_start::timestamp at time zone p_time_zone) - interval '3 hours';
begin
  insert into tallystick.credit_spend_limit (account_id, member, period, amount, time_zone, created_at)
    values (p_account_id, p_member, p_period, p_amount, p_time_zone, p_now) returning id into limit_id;
  insert into tallystick.credit_spend_counter (limit_id, period_start, amount)
    select limit_id, period_start, coalesce(sum(spent.amount), 0) from (
      select -debit.amount - coalesce((select sum(refund.amount) from tallystick.credit_transaction refund
          where refund.refund_of_id = debit.id and refund.type = 'refund'), 0) as amount
      from tallystick.credit_transaction debit
      where debit.account_id = p_account_id and debit.type = 'usage' and debit.created_at >= begins
        and tallystick.limit_period_start(p_period, p_time_zone, debit.created_at) = period_start
        and (p_member is null or debit.member = p_member)
      union all
      select hold.amount from tallystick.credit_hold hold
      where hold.account_id = p_account_id and hold.status = 'open' and hold.created_at >= begins
        and tallystick.limit_period_start(p_period, p_time_zone, hold.created_at) = period_start
        and (p_member is null or hold.member = p_member)) spent;
  update tallystick.user_credit set limited = true where id = p_account_id;
end $$;

-- The limits of an account with what their present period has seen. Holds past their deadline no longer count.
create or replace function tallystick.spend_limits(p_user_id text, p_unit text default 'credit') returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('member', spend_limit.member, 'period', spend_limit.period,
      'amount', spend_limit.amount, 'timeZone', spend_limit.time_zone, 'periodStart', start.date,
      'resetsAt', (start.date::timestamp + ('1 ' || spend_limit.period)::interval) at time zone spend_limit.time_zone,
      'spent', coalesce(counter.amount, 0) - coalesce((select sum(hold.amount) from tallystick.credit_hold hold
        where hold.account_id = spend_limit.account_id and hold.status = 'open' and hold.expires_at <= tallystick.clock()
          and (spend_limit.member is null or hold.member = spend_limit.member)
          and tallystick.limit_period_start(spend_limit.period, spend_limit.time_zone, hold.created_at) = start.date), 0))
    order by spend_limit.member nulls first, array_position(array['day', 'week', 'month'], spend_limit.period)), '[]')
  from tallystick.credit_spend_limit spend_limit
  cross join lateral tallystick.limit_period_start(spend_limit.period, spend_limit.time_zone, tallystick.clock()) as start (date)
  left join tallystick.credit_spend_counter counter
    on counter.limit_id = spend_limit.id and counter.period_start = start.date
  where spend_limit.account_id = tallystick.acting_account(
    (select id from tallystick.user_credit where user_id = p_user_id and unit = p_unit))
$$;
