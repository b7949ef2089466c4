-- Alerts. A level is crossed when what is available goes from it or above to below it, and can be crossed again once it is
-- back: the levels that an account stands below are those that were crossed. Triggers on user_credit call this whenever its
-- totals change, under the account's lock and in the transaction of the change, so that each crossing is noted once.

-- The rules in force for an account: its own, or the product's for its unit.
create or replace function tallystick.alert_rules_of(p_account_id bigint, p_unit text) returns jsonb language sql stable as $$
  select coalesce(
    (select rules from tallystick.credit_alert_override where account_id = p_account_id),
    (select rules -> p_unit from tallystick.credit_alert_defaults order by version desc limit 1),
    '[]')
$$;

-- The rules about what is available, each with its level: the least that is not low. Exhausted is below 1.
create or replace function tallystick.alert_levels(p_rules jsonb, p_base bigint)
returns table (kind text, percent integer, level bigint) language sql immutable as $$
  select rule.kind, rule.percent, rule.level from (
    select kind, percent, case when kind = 'exhausted' then 1 when percent is null then amount
      else ceil(p_base::numeric * percent / 100)::bigint end as level
    from jsonb_to_recordset(p_rules) as given (kind text, amount bigint, percent integer)) rule
  where rule.kind <> 'expiring' and rule.level >= 1
$$;

-- Sets what an account watches for by the rules in force, and by the level that the engine itself watches. It crosses nothing: whoever stands below a level that is new to
-- it, also by what time has done meanwhile, has to rise above it first.
create or replace function tallystick.watch_for_alerts(p_account tallystick.user_credit)
returns tallystick.user_credit language plpgsql as $$
declare
  t timestamptz;
  rules jsonb;
  now_available bigint := p_account.cached_available;
begin
  -- The version before the rules: rules that are stored between the two are then applied twice, and never missed.
  p_account.alert_version := coalesce((select max(version) from tallystick.credit_alert_defaults), 0);
  rules := tallystick.alert_rules_of(p_account.id, p_account.unit) || tallystick.watched_rules(p_account.id);
  if rules = '[]' then
    p_account.alert_base := null;
    p_account.alert_below := null;
    p_account.alert_above := null;
    return p_account;
  end if;
  if p_account.next_change_at < 'infinity' then
    t := tallystick.clock();
    if p_account.next_change_at <= t then
      select totals.available into now_available
        from tallystick.account_totals(p_account.id, p_account.current_credits, p_account.debt, t) totals;
    end if;
  end if;
  p_account.alert_base := case when rules @@ 'exists($[*].percent)' then coalesce(p_account.alert_base, now_available) end;
  select max(level) filter (where level <= now_available), min(level) filter (where level > now_available)
    into p_account.alert_below, p_account.alert_above from tallystick.alert_levels(rules, p_account.alert_base);
  return p_account;
end $$;

-- Notes what a change of an account's totals crosses.
create or replace function tallystick.note_crossings(p_old tallystick.user_credit, p_new tallystick.user_credit)
returns tallystick.user_credit language plpgsql as $$
declare
  rules jsonb := tallystick.alert_rules_of(p_new.id, p_new.unit) || tallystick.watched_rules(p_new.id);
  crosses boolean;
begin
  if p_new.next_change_at <= p_new.updated_at then
    -- Written on totals that time has outrun (expired lots are booked): what is really available is seen now. The row
    -- stays marked by its moment, so that readers go on computing the rest.
    select totals.available into p_new.cached_available
      from tallystick.account_totals(p_new.id, p_new.current_credits, p_new.debt, p_new.updated_at) totals;
  end if;
  -- A percentage is of what was available after the last refill. What only comes back (a refund, a released hold) is no
  -- refill, or the level would follow the balance down; but nothing stands above 100 percent.
  if p_new.alert_base is not null and p_new.cached_available > p_old.cached_available then
    if p_new.cached_available > p_new.alert_base or (p_new.current_credits > p_old.current_credits and coalesce(
        (select type not in ('refund', 'reinstate') from tallystick.credit_transaction
          where account_id = p_new.id and seq = p_new.seq), true)) then
      p_new.alert_base := p_new.cached_available;
    end if;
  end if;
  select max(level) filter (where level <= p_new.cached_available), min(level) filter (where level > p_new.cached_available),
      bool_or(p_new.cached_available < level and p_old.cached_available >= level
        and (p_old.alert_above is null or level < p_old.alert_above))
    into p_new.alert_below, p_new.alert_above, crosses from tallystick.alert_levels(rules, p_new.alert_base);
  -- An account that was merged into another has no user left to tell.
  if crosses and p_new.merged_into_id is null then
    insert into tallystick.credit_alert (account_id, kind, level, percent, available, created_at, retry_at)
    select p_new.id, kind, level, percent, p_new.cached_available, t, t
    from tallystick.alert_levels(rules, p_new.alert_base), tallystick.clock() t
    where p_new.cached_available < level and p_old.cached_available >= level
      and (p_old.alert_above is null or level < p_old.alert_above) and kind <> 'watched'
    order by level desc;
  end if;
  if crosses and rules @> '[{"kind": "watched"}]' then
    update tallystick.credit_watch set crossed_at = tallystick.clock()
      where account_id = p_new.id and p_new.cached_available < level and p_old.cached_available >= level;
  end if;
  return p_new;
end $$;

-- Puts the product's rules in force: {"unit": [rule, …]}. Answers whether they are new; accounts follow in batches.
create or replace function tallystick.set_default_alerts(p_rules jsonb) returns boolean language plpgsql as $$
begin
  if coalesce((select rules from tallystick.credit_alert_defaults order by version desc limit 1), '{}') = p_rules then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('tallystick:alerts', 0));
  if coalesce((select rules from tallystick.credit_alert_defaults order by version desc limit 1), '{}') = p_rules then
    return false;
  end if;
  insert into tallystick.credit_alert_defaults (rules) values (p_rules);
  perform tallystick.add_alert_horizons((select jsonb_agg(rule) from jsonb_each(p_rules) unit, jsonb_array_elements(unit.value) rule));
  return true;
end $$;

-- A search for a number of days that is new begins now: lots whose moment is past were nobody's to announce.
create or replace function tallystick.add_alert_horizons(p_rules jsonb) returns void language sql as $$
  insert into tallystick.credit_alert_horizon (days, scanned_to)
  select distinct (rule ->> 'days')::integer, tallystick.clock() from jsonb_array_elements(p_rules) rule where rule ? 'days'
  on conflict (days) do nothing
$$;

-- Brings up to p_batch accounts that nobody else has locked to the rules in force.
create or replace function tallystick.apply_default_alerts(p_batch integer) returns bigint
language plpgsql set lock_timeout = '5s' as $$
declare
  ids bigint[];
begin
  select array_agg(id) into ids from (
    select id from tallystick.user_credit
    where alert_version < (select max(version) from tallystick.credit_alert_defaults)
    order by alert_version limit p_batch for no key update skip locked) locked;
  update tallystick.user_credit account
    set alert_version = watched.alert_version, alert_base = watched.alert_base, alert_below = watched.alert_below,
      alert_above = watched.alert_above
    from tallystick.user_credit unwatched, tallystick.watch_for_alerts(unwatched) watched
    where unwatched.id = any (ids) and account.id = unwatched.id;
  return coalesce(cardinality(ids), 0);
end $$;

-- Gives an account rules of its own, or with null the product's again.
create or replace function tallystick.set_account_alerts(p_user_id text, p_rules jsonb, p_unit text default 'credit')
returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  account tallystick.user_credit := tallystick.lock_account(p_user_id, p_unit, true);
begin
  if p_rules is null then
    delete from tallystick.credit_alert_override where account_id = account.id;
  else
    insert into tallystick.credit_alert_override (account_id, rules, updated_at) values (account.id, p_rules, tallystick.clock())
      on conflict (account_id) do update set rules = excluded.rules, updated_at = excluded.updated_at;
    perform tallystick.add_alert_horizons(p_rules);
  end if;
  account := tallystick.watch_for_alerts(account);
  update tallystick.user_credit set alert_version = account.alert_version, alert_base = account.alert_base,
      alert_below = account.alert_below, alert_above = account.alert_above
    where id = account.id;
  return tallystick.account_alerts(p_user_id, p_unit);
end $$;

-- The rules in force for an account, whose they are, and its newest alerts.
create or replace function tallystick.account_alerts(p_user_id text, p_unit text default 'credit')
returns jsonb language plpgsql stable as $$
declare
  account tallystick.user_credit;
begin
  select * into account from tallystick.user_credit where user_id = p_user_id and unit = p_unit;
  while account.merged_into_id is not null loop
    select * into account from tallystick.user_credit where id = account.merged_into_id;
  end loop;
  return jsonb_build_object('userId', p_user_id, 'unit', p_unit,
    'own', exists (select from tallystick.credit_alert_override where account_id = account.id),
    'rules', tallystick.alert_rules_of(account.id, p_unit),
    'recent', (select coalesce(jsonb_agg(tallystick.alert_json(alert, p_user_id, p_unit) order by alert.id desc), '[]')
      from tallystick.credit_alert alert
      where alert.id in (select id from tallystick.credit_alert where account_id = account.id order by id desc limit 20)));
end $$;

create or replace function tallystick.alert_json(p_alert tallystick.credit_alert, p_user_id text, p_unit text)
returns jsonb language sql immutable as $$
  select jsonb_build_object('id', p_alert.id, 'kind', p_alert.kind, 'userId', p_user_id, 'unit', p_unit,
    'level', p_alert.level, 'percent', p_alert.percent, 'available', p_alert.available, 'lotId', p_alert.lot_id::text,
    'days', p_alert.days, 'amount', p_alert.amount, 'expiresAt', p_alert.expires_at, 'at', p_alert.created_at)
$$;
