-- Past moments: where an account's journal stood, whose journal a user id stood for, and what an account had.

-- The number of the last entry written at or before p_at; 0: none. An account's entries are written one after the other
-- under its lock, each with a time read after it, so their numbers are in the order of their times and a bisection along
-- the unique key finds the place: about 20 probes in a million entries.
create or replace function tallystick.seq_at(p_account_id bigint, p_at timestamptz) returns bigint
language plpgsql stable as $$
declare
  low bigint := 0; -- written at or before p_at, or nothing
  high bigint; -- written after p_at
  middle bigint;
  written_at timestamptz;
begin
  select seq, created_at into high, written_at from tallystick.credit_transaction
    where account_id = p_account_id order by seq desc limit 1;
  if not found then return 0; end if;
  if written_at <= p_at then return high; end if;
  while high - low > 1 loop
    middle := (low + high) / 2;
    select created_at into written_at from tallystick.credit_transaction where account_id = p_account_id and seq = middle;
    if written_at <= p_at then low := middle; else high := middle; end if;
  end loop;
  return low;
end $$;

-- The journal of a user id, in order of time: its account's own entries until it was merged, then the target's from that
-- moment on, and so forth. An alias is written for the last time when it is merged, so updated_at is that moment.
create or replace function tallystick.journal_segments(p_user_id text, p_unit text)
returns table (n integer, account_id bigint, user_id text, unit text, time_zone text, after_seq bigint, to_seq bigint)
language sql stable as $$
  with recursive chain as (
    select 1 as n, account.id, account.merged_into_id, account.updated_at, null::timestamptz as since
    from tallystick.user_credit account where account.user_id = p_user_id and account.unit = p_unit
    union all
    select chain.n + 1, target.id, target.merged_into_id, target.updated_at, chain.updated_at
    from chain join tallystick.user_credit target on target.id = chain.merged_into_id
  )
  select chain.n, account.id, account.user_id, account.unit, account.time_zone,
    case when chain.since is null then 0 else tallystick.seq_at(account.id, chain.since - interval '1 microsecond') end,
    account.seq
  from chain join tallystick.user_credit account on account.id = chain.id
$$;

-- What credit_balance answered at p_at, from the journal, the draws and the holds of today. What was drawn later is given
-- back to its lots, holds are open from their beginning to their deadline or settlement, and shortfalls are what no draw
-- covered by then; what is shown follows as in account_totals. A moment to come is answered as if nothing more is written.
create or replace function tallystick.credit_balance_at(p_user_id text, p_unit text, p_at timestamptz)
returns jsonb language plpgsql stable as $$
declare
  account tallystick.user_credit;
  position_at bigint;
  book bigint;
  owed bigint;
  answer jsonb;
begin
  select * into account from tallystick.user_credit where user_id = p_user_id and unit = p_unit;
  while account.merged_into_id is not null and account.updated_at <= p_at loop
    select * into account from tallystick.user_credit where id = account.merged_into_id;
  end loop;
  position_at := coalesce(tallystick.seq_at(account.id, p_at), 0);
  select balance_after into book from tallystick.credit_transaction where account_id = account.id and seq = position_at;
  select coalesce(sum(-entry.amount - drawn.total), 0) into owed
    from tallystick.credit_transaction entry
    cross join lateral (select coalesce(sum(amount), 0) as total from tallystick.credit_allocation
      where transaction_id = entry.id and created_at <= p_at) drawn
    where entry.account_id = account.id and entry.type in ('clawback', 'transfer_out') and entry.seq <= position_at;

  with later as (
    select draw.lot_id, sum(draw.amount) as amount
    from (
      select id, false as earlier from tallystick.credit_transaction
      where account_id = account.id and seq > position_at and amount < 0
      union all
      select id, true from tallystick.credit_transaction
      where account_id = account.id and type in ('clawback', 'transfer_out') and seq <= position_at
    ) entry
    join tallystick.credit_allocation draw on draw.transaction_id = entry.id
    where not entry.earlier or draw.created_at > p_at
    group by draw.lot_id
  ), hold as (
    select id, created_at, expires_at from tallystick.credit_hold where account_id = account.id and status = 'open'
    union all
    select id, created_at, expires_at from tallystick.credit_hold where account_id = account.id and settled_at > p_at
  ), held as (
    select part.lot_id, sum(part.amount) as amount
    from hold join tallystick.credit_hold_lot part on part.hold_id = hold.id
    where hold.created_at <= p_at and hold.expires_at > p_at
    group by part.lot_id
  ), lot as (
    select lot.id, entry.type, lot.amount, lot.remaining_amount + coalesce(later.amount, 0) as remaining,
      coalesce(held.amount, 0) as held, lot.priority, lot.scope, lot.expiration_date, lot.effective_at > p_at as pending,
      coalesce(lot.expiration_date <= p_at, false) as expired
    from (select id from tallystick.credit_lot where account_id = account.id and open union select lot_id from later) candidate
    join tallystick.credit_lot lot on lot.id = candidate.id
    join tallystick.credit_transaction entry on entry.id = lot.id
    left join later on later.lot_id = lot.id
    left join held on held.lot_id = lot.id
    where entry.seq <= position_at
  ), sums as (
    select
      coalesce(sum(lot.remaining - lot.held) filter (where expired), 0) as expired_free,
      coalesce(sum(lot.remaining) filter (where pending), 0) as pending_free,
      coalesce(sum(lot.remaining - lot.held) filter (where not pending and not expired), 0) as live_free,
      coalesce(sum(lot.held), 0) as held,
      coalesce(sum(lot.held) filter (where not expired), 0) as unexpired_held
    from lot
  ), live as (
    -- What holds past their deadline had released had paid debt, in burn order, before it was booked.
    select lot.*, row_number() over burn_order as n, lot.remaining - greatest(0, least(lot.remaining - lot.held,
      owed - (sum(lot.remaining - lot.held) over burn_order - (lot.remaining - lot.held)))) as unpaid
    from lot where not pending and not expired
    window burn_order as (order by lot.priority, (lot.scope is null), lot.expiration_date, lot.id)
  ), listed as (
    select coalesce(jsonb_agg(jsonb_build_object('id', id::text, 'type', type, 'amount', amount, 'remaining', unpaid,
        'expiresAt', expiration_date, 'priority', priority) order by n), '[]') as lots
    from live where unpaid > 0
  ), payment as (
    select least(owed, live_free) as paid from sums
  ), lost as (
    select tallystick.lost_credits(account.id, (paid + unexpired_held)::bigint,
      9007199254740991 - coalesce(book, 0), p_at) as amount
    from sums, payment
  )
  select jsonb_build_object('userId', p_user_id, 'unit', p_unit,
      'balance', coalesce(book, 0) + lost.amount - expired_free - pending_free, 'available', live_free - paid,
      'held', sums.held, 'debt', owed - paid - lost.amount, 'lots', listed.lots, 'book', coalesce(book, 0))
    into answer from sums, payment, lost, listed;
  return answer;
end $$;
