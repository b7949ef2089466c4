-- expire: books the free part of lots past their date. Booking changes no observable balance: an expired lot counts for
-- nothing from its date on, swept or not; so the cached totals stay as true, or as stale, as they were.

-- One batch: the accounts of the next p_batch due lots behind p_after, those of them that nobody else has locked. The
-- next batch goes on behind the last lot seen (`next`, null at the end), so that neither busy accounts nor the index
-- entries of lots just booked, which stay until a vacuum, are looked at twice. Two calls at once take different accounts.
create or replace function tallystick.expire_credits(p_batch integer, p_after jsonb default null) returns jsonb
language plpgsql set lock_timeout = '5s' set plan_cache_mode = force_custom_plan as $$
declare
  t timestamptz := tallystick.clock();
  page record;
  account_ids bigint[];
  busy bigint;
  counts jsonb;
begin
  select array_agg(account_id) as account_ids, count(*) as lots, (array_agg(expiration_date))[count(*)] as last_date into page
    from (
      select expiration_date, account_id from tallystick.credit_lot
      where open and expiration_date <= t and remaining_amount > held_amount
        and (expiration_date, account_id) > (coalesce((p_after ->> 'date')::timestamptz, '-infinity'), coalesce((p_after ->> 'accountId')::bigint, 0))
      order by expiration_date, account_id limit p_batch) due;
  if page.lots = 0 then
    return jsonb_build_object('expired', 0, 'accounts', 0, 'credits', 0, 'busy', 0, 'next', null);
  end if;
  account_ids := array(select id from tallystick.user_credit where id = any (page.account_ids)
    order by id for no key update skip locked);
  busy := (select count(distinct id) from unnest(page.account_ids) id) - cardinality(account_ids);
  t := tallystick.clock(); -- later than every entry that these accounts have
  perform tallystick.release_holds_due(account_ids, t);
  counts := tallystick.expire_lots_of(account_ids, t);
  return counts || jsonb_build_object('busy', busy, 'next', case when page.lots = p_batch
    then jsonb_build_object('date', page.last_date, 'accountId', page.account_ids[page.lots]) end);
end $$;

-- Books the due lots of accounts that the caller has locked, in one entry for each account. Planned for each batch: a plan
-- for any number of accounts takes every step as if there were ten (measured with 2,000: ten times as slow). No scan of
-- a whole table, which statistics that are behind would ask for: what is wanted is named by account or place.
create or replace function tallystick.expire_lots_of(p_account_ids bigint[], p_now timestamptz) returns jsonb
language plpgsql set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  counts record;
begin
  with due as materialized (
    select id, ctid as place, account_id, held_amount, remaining_amount - held_amount as free,
      row_number() over (partition by account_id order by id) as n
    from tallystick.credit_lot
    where account_id = any (p_account_ids) and open and expiration_date <= p_now and remaining_amount > held_amount
  ), entry as materialized (
    select nextval('tallystick.credit_transaction_id_seq') as id, total.account_id, total.amount
    from (select account_id, sum(free)::bigint as amount from due group by account_id order by account_id) total
  ), account as (
    update tallystick.user_credit set current_credits = current_credits - entry.amount, seq = seq + 1, updated_at = p_now
    from entry where user_credit.id = entry.account_id
    returning entry.id as entry_id, entry.account_id, seq, entry.amount, current_credits
  ), journal as (
    insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type)
    overriding system value
    select entry_id, account_id, seq, -amount, current_credits, entry_id, p_now, 'expire' from account
  ), draw as (
    insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
    select entry.id, due.n, due.id, due.free, p_now from due join entry using (account_id)
  ), lot as (
    -- By place: the rows can't have moved, because whoever changes a lot has its account's lock.
    update tallystick.credit_lot set remaining_amount = due.held_amount, open = due.held_amount > 0,
      expiration_date_processed_at = case when due.held_amount = 0 then p_now end
    from due where credit_lot.ctid = due.place
  )
  select (select count(*) from due) as lots, count(*) as accounts, coalesce(sum(amount), 0) as credits into counts from entry;
  return jsonb_build_object('expired', counts.lots, 'accounts', counts.accounts, 'credits', counts.credits);
end $$;

create or replace function tallystick.expirable_lots() returns bigint language plpgsql stable as $$
declare
  t timestamptz := tallystick.clock();
begin
  return (select count(*) from tallystick.credit_lot where open and expiration_date <= t and remaining_amount > held_amount);
end $$;
