-- Watched levels: the engine's own interest in an account that has little left. A level is one more that the account's row
-- watches for, beside those of its alerts: a spend compares two numbers in memory, and the one that crosses notes it in its
-- own transaction. Nobody is told of it.

-- The level of an account as a rule, as alert_levels reads it.
create or replace function tallystick.watched_rules(p_account_id bigint) returns jsonb language sql stable as $$
  select coalesce((select jsonb_build_array(jsonb_build_object('kind', 'watched', 'amount', level))
    from tallystick.credit_watch where account_id = p_account_id), '[]')
$$;

-- Watches a level of the user id's own account, or with null none any more. A new one is to be looked at now. An account
-- that was merged away has nothing to watch.
create or replace function tallystick.watch_level(p_user_id text, p_level bigint, p_unit text default 'credit')
returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  account tallystick.user_credit;
  t timestamptz;
begin
  if p_level is not null then
    account := tallystick.lock_account(p_user_id, p_unit, true);
    if account.user_id <> p_user_id then
      return jsonb_build_object('outcome', 'invalid_state', 'message', 'The account was merged into another user''s.');
    end if;
  else
    select * into account from tallystick.user_credit where user_id = p_user_id and unit = p_unit for no key update;
    if not found then return jsonb_build_object('outcome', 'ok'); end if;
  end if;
  t := tallystick.clock();
  -- What time has done is booked, and noted by the rules as they were, before the levels are set anew.
  if account.merged_into_id is null and account.next_change_at <= t then account := tallystick.catch_up(account, t); end if;
  if p_level is null then
    delete from tallystick.credit_watch where account_id = account.id;
  else
    insert into tallystick.credit_watch (account_id, level, crossed_at) values (account.id, p_level, t)
      on conflict (account_id) do update set level = excluded.level, crossed_at = excluded.crossed_at;
  end if;
  if account.merged_into_id is null then
    account := tallystick.watch_for_alerts(account);
    update tallystick.user_credit set alert_version = account.alert_version, alert_base = account.alert_base,
        alert_below = account.alert_below, alert_above = account.alert_above
      where id = account.id;
  end if;
  return jsonb_build_object('outcome', 'ok', 'accountId', account.id);
end $$;

-- Accounts that somebody is to look at.
create or replace function tallystick.crossed_levels(p_limit integer) returns setof bigint language sql stable as $$
  select account_id from tallystick.credit_watch where crossed_at is not null order by crossed_at limit p_limit
$$;

-- Locks an account for whoever looks at it, and answers what there is now. What crosses from here on is noted anew.
create or replace function tallystick.look_at_watched(p_account_id bigint) returns jsonb language plpgsql as $$
declare
  account tallystick.user_credit;
begin
  select * into account from tallystick.user_credit where id = p_account_id for no key update;
  update tallystick.credit_watch set crossed_at = null where account_id = p_account_id and crossed_at is not null;
  return tallystick.watched_state(account);
end $$;

-- What is available to spend at this moment, and whether the account may be spent from at all.
create or replace function tallystick.watched_state(p_account tallystick.user_credit) returns jsonb language plpgsql stable as $$
declare
  t timestamptz := tallystick.clock();
  now_available bigint := p_account.cached_available;
begin
  if p_account.next_change_at <= t then
    select totals.available into now_available
      from tallystick.account_totals(p_account.id, p_account.current_credits, p_account.debt, t) totals;
  end if;
  return jsonb_build_object('available', now_available,
    'usable', p_account.frozen_at is null and p_account.merged_into_id is null);
end $$;

-- The same without a lock, for whoever only wants to know.
create or replace function tallystick.state_of_account(p_account_id bigint) returns jsonb language sql stable as $$
  select tallystick.watched_state(account) from tallystick.user_credit account where id = p_account_id
$$;
