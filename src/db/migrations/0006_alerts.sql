-- not breaking
-- Alerts: rules, what each account has to watch for, and the crossings noted in the transactions that make them.

-- The product's own rules, by unit; the row with the highest version is in force.
create table tallystick.credit_alert_defaults (
  version bigint generated always as identity primary key,
  rules jsonb not null,
  created_at timestamptz not null default clock_timestamp()
);

-- An account's own rules, in place of the product's; an empty list: none.
create table tallystick.credit_alert_override (
  account_id bigint primary key references tallystick.user_credit (id),
  rules jsonb not null,
  updated_at timestamptz not null
);

-- How far the search for lots that expire within so many days has come.
create table tallystick.credit_alert_horizon (
  days integer primary key constraint credit_alert_horizon_days_check check (days between 1 and 3650),
  -- All lots whose moment came before this one have been looked at.
  scanned_to timestamptz not null,
  -- The moment that a search under way has reached.
  reached timestamptz
);

-- Crossings, kept: written in the transaction that crosses, relayed afterwards.
create table tallystick.credit_alert (
  id bigint generated always as identity primary key,
  account_id bigint not null,
  kind text not null constraint credit_alert_kind_check check (kind in ('low', 'exhausted', 'expiring')),
  -- low, exhausted: what was crossed downwards, the rule's percentage if it was one, and what was available then.
  level bigint,
  percent integer,
  available bigint,
  -- expiring: the lot, its rule, and what remained.
  lot_id bigint,
  days integer,
  amount bigint,
  expires_at timestamptz,
  created_at timestamptz not null,
  attempts integer not null default 0,
  retry_at timestamptz not null,
  last_error text,
  relayed_at timestamptz,
  constraint credit_alert_lot_check check ((kind = 'expiring') = (lot_id is not null))
);
create unique index credit_alert_lot_key on tallystick.credit_alert (lot_id, days) where lot_id is not null;
create index credit_alert_due_idx on tallystick.credit_alert (retry_at, id) where relayed_at is null;
create index credit_alert_account_idx on tallystick.credit_alert (account_id, id);

-- What an account watches for, so that an update compares two numbers in memory: the highest level that it stands at or
-- above, the lowest that it stands below, and what percentages are of. Null: nothing. None of them changes with a spend
-- that crosses nothing, and only the version is indexed: updates stay HOT.
alter table tallystick.user_credit
  add column alert_version bigint not null default 0,
  add column alert_below bigint,
  add column alert_above bigint,
  add column alert_base bigint;
create index user_credit_alert_version_idx on tallystick.user_credit (alert_version);

-- The condition stands here and not in a WHEN clause, whose tree is parsed again for every statement: measured, a clause of
-- this size costs a third of a bare update, this function one hundredth of a consumption.
create function tallystick.alert_on_change() returns trigger language plpgsql as $$
begin
  -- Most accounts of a product without rules watch for nothing.
  if coalesce(old.alert_below, old.alert_above, old.alert_base) is null then return new; end if;
  if new.cached_available < old.alert_below or new.cached_available >= old.alert_above
    or (new.cached_available > old.cached_available and old.alert_base is not null)
    or (new.next_change_at <= new.updated_at and old.alert_below is not null)
  then
    -- Expired lots booked on totals that time has outrun, most often far from any level: what is available is at least
    -- what it was less what was booked, and that is kept. The row stays marked by its moment, so that no reader takes it.
    if new.next_change_at <= new.updated_at and new.debt = 0 and new.cached_available = old.cached_available
      and new.cached_available - (old.current_credits - new.current_credits) >= old.alert_below
      and new.current_credits < old.current_credits
    then
      new.cached_available := new.cached_available - (old.current_credits - new.current_credits);
      return new;
    end if;
    return tallystick.note_crossings(old, new);
  end if;
  return new;
end $$;
create function tallystick.alert_on_create() returns trigger language plpgsql as $$
begin
  return tallystick.watch_for_alerts(new);
end $$;

-- Whatever writes an account's totals is watched; the last condition above is a write on totals that time has outrun.
create trigger user_credit_alert before update of cached_available, current_credits on tallystick.user_credit
  for each row execute function tallystick.alert_on_change();
create trigger user_credit_alert_rules before insert on tallystick.user_credit
  for each row execute function tallystick.alert_on_create();
