-- What becomes of alerts: the search for lots that expire soon, and the relay's claim and settlement.

-- Notes up to p_batch lots for each number of days that some rule names: those whose moment, so many days before their
-- expiration, has come while something remains of them. Once for each lot and number of days. A lot that was valid for no
-- longer than that has no such moment. One search at a time; it looks an hour back, for grants that committed late.
create or replace function tallystick.note_expiring(p_batch integer) returns bigint
language plpgsql set lock_timeout = '5s' as $$
declare
  t timestamptz := tallystick.clock();
  horizon tallystick.credit_alert_horizon;
  span interval;
  rule jsonb;
  found_lots record;
  noted bigint := 0;
begin
  for horizon in select * from tallystick.credit_alert_horizon order by days for update skip locked loop
    span := make_interval(hours => 24 * horizon.days);
    rule := jsonb_build_array(jsonb_build_object('kind', 'expiring', 'days', horizon.days));
    with due as (
      select lot.id, lot.account_id, lot.remaining_amount, lot.expiration_date
      from tallystick.credit_lot lot join tallystick.user_credit account on account.id = lot.account_id
      where lot.open and lot.expiration_date > t and lot.expiration_date <= t + span
        and lot.expiration_date >= coalesce(horizon.reached, horizon.scanned_to - interval '1 hour') + span
        and lot.effective_at + span < lot.expiration_date
        and tallystick.alert_rules_of(account.id, account.unit) @> rule
        and not exists (select from tallystick.credit_alert alert where alert.lot_id = lot.id and alert.days = horizon.days)
      order by lot.expiration_date limit p_batch
    ), alert as (
      insert into tallystick.credit_alert (account_id, kind, lot_id, days, amount, expires_at, created_at, retry_at)
      select account_id, 'expiring', id, horizon.days, remaining_amount, expiration_date, t, t from due
      order by expiration_date
      on conflict (lot_id, days) where lot_id is not null do nothing
    )
    select count(*) as count, max(expiration_date) as last into found_lots from due;
    update tallystick.credit_alert_horizon set
        scanned_to = case when found_lots.count < p_batch then t else scanned_to end,
        reached = case when found_lots.count = p_batch then found_lots.last - span end
      where days = horizon.days;
    noted := noted + found_lots.count;
  end loop;
  return noted;
end $$;

-- Whether a process that has hooks for p_event_types may tell alerts of a kind: one whose hook only other processes have is
-- left to those.
create or replace function tallystick.may_tell_alerts(p_kind text, p_event_types text[]) returns boolean language sql stable as $$
  select 'credits.' || p_kind = any (p_event_types) or not exists (select from tallystick.credit_outbox_consumer
    where name = 'hooks' and 'credits.' || p_kind = any (event_types))
$$;

create or replace function tallystick.alerts_are_due(p_event_types text[] default '{}') returns boolean language sql stable as $$
  select exists (select from tallystick.credit_alert where relayed_at is null and retry_at <= (select tallystick.clock())
    and tallystick.may_tell_alerts(kind, p_event_types))
$$;

-- Takes up to p_batch alerts for the length of the transaction, in the order of their accounts; two calls at once take
-- different ones. Those of accounts that were merged away since are settled here: their user has become another.
create or replace function tallystick.claim_alerts(p_batch integer, p_event_types text[] default '{}') returns jsonb
language plpgsql set lock_timeout = '5s' as $$
declare
  ids bigint[];
begin
  select array_agg(id) into ids from (
    select id from tallystick.credit_alert where relayed_at is null and retry_at <= (select tallystick.clock())
      and tallystick.may_tell_alerts(kind, p_event_types)
    order by retry_at, id limit p_batch for update skip locked) locked;
  -- An erasure waits until what names the user has been told, and then finds it.
  perform from tallystick.user_credit where id in (select account_id from tallystick.credit_alert where id = any (ids))
    order by id for key share;
  update tallystick.credit_alert alert set relayed_at = tallystick.clock()
    from tallystick.user_credit account
    where alert.id = any (ids) and account.id = alert.account_id and account.merged_into_id is not null;
  return jsonb_build_object('claimed', coalesce(cardinality(ids), 0), 'alerts', (
    select coalesce(jsonb_agg(tallystick.alert_json(alert, account.user_id, account.unit) order by alert.account_id, alert.id), '[]')
    from tallystick.credit_alert alert join tallystick.user_credit account on account.id = alert.account_id
    where alert.id = any (ids) and alert.relayed_at is null));
end $$;

-- Settles claimed alerts: relayed, or to be tried again later. p_failed: [{"id", "error"}]. Waits double up to an hour.
create or replace function tallystick.settle_alerts(p_relayed bigint[], p_failed jsonb) returns void
language sql as $$
  update tallystick.credit_alert set relayed_at = tallystick.clock(), attempts = attempts + 1, last_error = null
    where id = any (p_relayed);
  update tallystick.credit_alert alert set attempts = attempts + 1, last_error = failed.error,
      retry_at = tallystick.clock() + least(interval '1 second' * 2 ^ least(attempts, 12), interval '1 hour')
    from jsonb_to_recordset(p_failed) as failed (id bigint, error text) where alert.id = failed.id;
$$;
