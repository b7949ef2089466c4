-- Automatic top-ups. Whether one is to begin is decided here, under the account's lock: at most one is in flight, and no more
-- begin in a calendar month (UTC) than the account allows, whoever asks at once. Locks in this order: the account, its
-- top-up, the attempt.

create or replace function tallystick.month_of_top_ups(p_at timestamptz) returns timestamptz language sql immutable as $$
  select date_trunc('month', p_at, 'UTC')
$$;

-- In UTC too: a month of the session's time zone may begin an hour earlier or later.
create or replace function tallystick.next_month_of_top_ups(p_at timestamptz) returns timestamptz language sql immutable as $$
  select (date_trunc('month', p_at at time zone 'UTC') + interval '1 month') at time zone 'UTC'
$$;

-- How many of the month's count: those that were paid, and one that may be.
create or replace function tallystick.top_ups_of_month(p_account_id bigint, p_at timestamptz) returns integer language sql stable as $$
  select count(*)::integer from tallystick.auto_top_up_attempt
  where account_id = p_account_id and created_at >= tallystick.month_of_top_ups(p_at)
    and status in ('pending', 'action_required', 'succeeded')
$$;

create or replace function tallystick.set_auto_top_up(
  p_user_id text, p_provider text, p_price_id text, p_quantity integer, p_below bigint, p_max_per_month integer
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  watched jsonb := tallystick.watch_level(p_user_id, p_below);
  t timestamptz := tallystick.clock();
begin
  if watched ->> 'outcome' <> 'ok' then return watched; end if;
  -- What declined before goes on waiting: settings that are saved again are no new card.
  insert into tallystick.auto_top_up (account_id, user_id, provider, price_id, quantity, below, max_per_month, created_at, updated_at)
    values ((watched ->> 'accountId')::bigint, p_user_id, p_provider, p_price_id, p_quantity, p_below, p_max_per_month, t, t)
    on conflict (account_id) do update set provider = excluded.provider, price_id = excluded.price_id,
      quantity = excluded.quantity, below = excluded.below, max_per_month = excluded.max_per_month, updated_at = excluded.updated_at;
  return watched;
end $$;

create or replace function tallystick.remove_auto_top_up(p_user_id text) returns jsonb
language plpgsql set lock_timeout = '5s' as $$
declare
  watched jsonb := tallystick.watch_level(p_user_id, null);
begin
  delete from tallystick.auto_top_up where user_id = p_user_id;
  return jsonb_build_object('outcome', 'ok', 'removed', found);
end $$;

-- Accounts to look at: those that went below their level, and those whose wait is over.
create or replace function tallystick.due_top_ups(p_limit integer) returns setof bigint language sql stable as $$
  (select tallystick.crossed_levels(p_limit))
  union
  (select account_id from tallystick.auto_top_up where check_at <= (select tallystick.clock()) order by check_at limit p_limit)
$$;

-- Looks at an account, and begins a top-up when it is time for one.
create or replace function tallystick.begin_top_up(p_account_id bigint, p_max_attempts integer) returns jsonb
language plpgsql set lock_timeout = '5s' as $$
declare
  account jsonb := tallystick.look_at_watched(p_account_id);
  t timestamptz := tallystick.clock();
  top_up tallystick.auto_top_up;
  attempt_id bigint;
  task record;
  outcome text;
  again_at timestamptz;
begin
  select * into top_up from tallystick.auto_top_up where account_id = p_account_id for update;
  if not found then return jsonb_build_object('outcome', 'none'); end if;
  if exists (select from tallystick.auto_top_up_attempt
      where account_id = p_account_id and status in ('pending', 'action_required')) then
    outcome := 'in_flight';
  elsif not (account ->> 'usable')::boolean or top_up.suspended_at is not null then
    outcome := 'closed';
  elsif (account ->> 'available')::bigint >= top_up.below then
    outcome := 'enough';
  elsif top_up.retry_at > t then
    outcome := 'backing_off';
    again_at := top_up.retry_at;
  elsif tallystick.top_ups_of_month(p_account_id, t) >= top_up.max_per_month then
    outcome := 'limit_reached';
    again_at := tallystick.next_month_of_top_ups(t);
  else
    outcome := 'started';
    insert into tallystick.auto_top_up_attempt (account_id, user_id, provider, price_id, quantity, created_at)
      values (p_account_id, top_up.user_id, top_up.provider, top_up.price_id, top_up.quantity, t) returning id into attempt_id;
    select * into task from tallystick.enqueue_task('auto-top-up', jsonb_build_object('attemptId', attempt_id), p_max_attempts,
      'top-up:' || p_account_id);
    update tallystick.auto_top_up_attempt set task_id = task.task_id where id = attempt_id;
  end if;
  update tallystick.auto_top_up set check_at = again_at where account_id = p_account_id and check_at is distinct from again_at;
  return jsonb_build_object('outcome', outcome, 'accountId', p_account_id, 'userId', top_up.user_id,
    'maxPerMonth', top_up.max_per_month, 'againAt', again_at, 'month', to_char(t at time zone 'UTC', 'YYYY-MM'));
end $$;

-- How an attempt goes on or ends. A decline makes the next one wait: 1 hour, 1 day, 3 days; the fourth suspends. Null when
-- it has ended already; money that came after all counts in any case.
create or replace function tallystick.settle_top_up(
  p_attempt_id bigint, p_status text, p_reason text default null, p_pay_url text default null
) returns jsonb language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  attempt tallystick.auto_top_up_attempt;
  top_up tallystick.auto_top_up;
begin
  perform from tallystick.auto_top_up where account_id = (
    select account_id from tallystick.auto_top_up_attempt where id = p_attempt_id) for update;
  select * into attempt from tallystick.auto_top_up_attempt where id = p_attempt_id for update;
  if attempt.finished_at is not null and (p_status <> 'succeeded' or attempt.status = 'succeeded') then return null; end if;
  if p_status = 'action_required' and attempt.status = 'action_required' then return null; end if;
  update tallystick.auto_top_up_attempt set status = p_status, reason = p_reason,
      pay_url = case when p_status = 'action_required' then p_pay_url end,
      expires_at = case when p_status = 'action_required' then t + interval '24 hours' end,
      finished_at = case when p_status <> 'action_required' then t end
    where id = p_attempt_id returning * into attempt;
  update tallystick.auto_top_up set updated_at = t,
      failures = case p_status when 'succeeded' then 0 when 'failed' then failures + 1 else failures end,
      retry_at = case when p_status = 'succeeded' then null when p_status = 'failed' and failures < 3
        then t + (array[interval '1 hour', interval '24 hours', interval '72 hours'])[failures + 1] when p_status <> 'failed' then retry_at end,
      suspended_at = case when p_status = 'succeeded' then null when p_status = 'failed' and failures >= 3 then t else suspended_at end
    where account_id = attempt.account_id returning * into top_up;
  -- What is left may be too little still, or have become too little meanwhile.
  update tallystick.auto_top_up set check_at = case when suspended_at is null then coalesce(retry_at, t) end
    where account_id = attempt.account_id and p_status <> 'action_required';
  return jsonb_build_object('userId', attempt.user_id, 'priceId', attempt.price_id, 'retryAt', top_up.retry_at,
    'suspended', top_up.suspended_at is not null, 'expiresAt', attempt.expires_at, 'accountId', attempt.account_id);
end $$;

-- Ends the wait after declines, and the suspension. Answers false without a top-up.
create or replace function tallystick.retry_top_up(p_user_id text) returns boolean language plpgsql set lock_timeout = '5s' as $$
declare
  t timestamptz := tallystick.clock();
begin
  update tallystick.auto_top_up set failures = 0, retry_at = null, suspended_at = null, check_at = t, updated_at = t
    where user_id = p_user_id;
  return found;
end $$;

-- The settings with what has become of them.
create or replace function tallystick.auto_top_up_of(p_user_id text) returns jsonb language plpgsql stable as $$
declare
  t timestamptz := tallystick.clock();
  top_up tallystick.auto_top_up;
  attempts jsonb;
  in_flight text;
  used integer;
  account jsonb;
  state text;
begin
  select * into top_up from tallystick.auto_top_up where user_id = p_user_id;
  if not found then return null; end if;
  used := tallystick.top_ups_of_month(top_up.account_id, t);
  account := tallystick.state_of_account(top_up.account_id);
  select status into in_flight from tallystick.auto_top_up_attempt
    where account_id = top_up.account_id and status in ('pending', 'action_required');
  state := case
    when in_flight = 'pending' then 'charging'
    when in_flight is not null then in_flight
    when not (account ->> 'usable')::boolean then 'closed'
    when top_up.suspended_at is not null then 'suspended'
    when top_up.retry_at > t then 'backing_off'
    when used >= top_up.max_per_month then 'limit_reached'
    else 'watching' end;
  select coalesce(jsonb_agg(jsonb_build_object('id', id::text, 'status', status, 'reason', reason, 'priceId', price_id,
      'quantity', quantity, 'invoiceId', invoice_id, 'payUrl', pay_url, 'createdAt', created_at, 'finishedAt', finished_at)
      order by id desc), '[]') into attempts
    from (select * from tallystick.auto_top_up_attempt where account_id = top_up.account_id order by created_at desc, id desc limit 10) recent;
  return jsonb_build_object('userId', p_user_id, 'provider', top_up.provider, 'priceId', top_up.price_id,
    'quantity', top_up.quantity, 'below', top_up.below, 'maxPerMonth', top_up.max_per_month, 'state', state,
    'usedThisMonth', used, 'attempts', attempts, 'nextAttemptAt', case state when 'backing_off' then top_up.retry_at
      when 'limit_reached' then tallystick.next_month_of_top_ups(t) end);
end $$;
