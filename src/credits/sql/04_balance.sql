-- The totals that the last operation stored, while they are true: one index probe, the common read. Null: to be computed.
create or replace function tallystick.cached_totals(p_user_id text, p_unit text) returns jsonb language plpgsql stable as $$
begin
  return (select jsonb_build_object('balance', cached_balance, 'available', cached_available, 'held', cached_held, 'debt', debt)
    from tallystick.user_credit where user_id = p_user_id and unit = p_unit and merged_into_id is null
      and next_change_at > tallystick.clock());
end $$;

-- The live lots of an account without debt, in burn order.
create or replace function tallystick.live_lots(p_account_id bigint, p_now timestamptz) returns jsonb language plpgsql stable as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('id', lot.id::text, 'type', entry.type, 'amount', lot.amount,
        'remaining', lot.remaining_amount, 'expiresAt', lot.expiration_date, 'priority', lot.priority)
      order by lot.priority, (lot.scope is null), lot.expiration_date, lot.id), '[]')
    from tallystick.credit_lot lot join tallystick.credit_transaction entry on entry.id = lot.id
    where lot.account_id = p_account_id and lot.open and lot.effective_at <= p_now
      and (lot.expiration_date is null or lot.expiration_date > p_now));
end $$;

-- balance: what an account has now. STABLE, so that its statements share one snapshot; it locks nothing. Zeros for an
-- account that does not exist. The common case is one index probe: the cached totals are true until next_change_at.
create or replace function tallystick.credit_balance(p_user_id text, p_unit text default 'credit', p_lots boolean default true)
returns jsonb language plpgsql stable as $$
declare
  account tallystick.user_credit;
  t timestamptz := tallystick.clock();
  totals record;
  lots jsonb := '[]';
begin
  select * into account from tallystick.user_credit where user_id = p_user_id and unit = p_unit;
  while account.merged_into_id is not null loop
    select * into account from tallystick.user_credit where id = account.merged_into_id;
  end loop;
  if account.id is null then
    return jsonb_build_object('userId', p_user_id, 'unit', p_unit, 'balance', 0, 'available', 0, 'held', 0, 'debt', 0, 'lots', lots);
  end if;
  if t < account.next_change_at then
    select account.cached_balance as balance, account.cached_available as available, account.cached_held as held,
      account.debt::bigint as debt into totals;
  else
    totals := tallystick.account_totals(account.id, account.current_credits, account.debt, t);
  end if;
  if p_lots and account.debt = 0 then
    lots := tallystick.live_lots(account.id, t);
  elsif p_lots then
    with overdue as (
      select part.lot_id, sum(part.amount) as amount
      from tallystick.credit_hold hold join tallystick.credit_hold_lot part on part.hold_id = hold.id
      where hold.account_id = account.id and hold.status = 'open' and hold.expires_at <= t
      group by part.lot_id
    ), live as (
      -- What holds past their deadline release pays debt, in burn order: as if it were booked.
      select lot.*, entry.type, row_number() over burn_order as n, lot.remaining_amount - greatest(0, least(released.free,
        account.debt - (sum(released.free) over burn_order - released.free))) as remaining
      from tallystick.credit_lot lot join tallystick.credit_transaction entry on entry.id = lot.id
      left join overdue on overdue.lot_id = lot.id
      cross join lateral (select lot.remaining_amount - lot.held_amount + coalesce(overdue.amount, 0) as free) released
      where lot.account_id = account.id and lot.open
        and lot.effective_at <= t and (lot.expiration_date is null or lot.expiration_date > t)
      window burn_order as (order by lot.priority, (lot.scope is null), lot.expiration_date, lot.id)
    )
    select coalesce(jsonb_agg(jsonb_build_object('id', id::text, 'type', type, 'amount', amount,
        'remaining', remaining, 'expiresAt', expiration_date, 'priority', priority) order by n), '[]') into lots
      from live where remaining > 0;
  end if;
  return jsonb_build_object('userId', p_user_id, 'unit', p_unit, 'balance', totals.balance, 'available', totals.available,
    'held', totals.held, 'debt', totals.debt, 'lots', lots);
end $$;
