-- expire: books the free part of lots past their date, for up to p_batch lots of accounts that nobody else has locked.
-- Booking changes no observable balance: an expired lot counts for nothing from its date on, swept or not. Two calls at
-- once take different accounts; lots are read again after the account rows are locked, so none is booked twice.
create or replace function tallystick.expire_credits(p_batch integer) returns jsonb
language plpgsql set lock_timeout = '5s' as $$
declare
  t timestamptz := tallystick.clock();
  account_ids bigint[];
  counts record;
begin
  -- The limit counts what can be locked, so that busy accounts don't keep the others waiting.
  select array_agg(id) into account_ids from (
    select account.id from tallystick.credit_lot lot join tallystick.user_credit account on account.id = lot.account_id
    where lot.open and lot.expiration_date <= t and lot.remaining_amount > lot.held_amount
    order by lot.expiration_date limit p_batch for no key update of account skip locked) locked;
  if account_ids is null then return jsonb_build_object('expired', 0, 'accounts', 0, 'credits', 0); end if;
  t := tallystick.clock(); -- later than every entry that these accounts have

  with due as (
    select id, account_id, held_amount, remaining_amount - held_amount as free,
      row_number() over (partition by account_id order by id) as n
    from tallystick.credit_lot
    where account_id = any (account_ids) and open and expiration_date <= t and remaining_amount > held_amount
  ), entry as (
    select nextval('tallystick.credit_transaction_id_seq') as id, total.account_id, total.amount
    from (select account_id, sum(free)::bigint as amount from due group by account_id) total
  ), journal as (
    insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type)
    overriding system value
    select entry.id, account.id, account.seq + 1, -entry.amount, account.current_credits - entry.amount, entry.id, t, 'expire'
    from entry join tallystick.user_credit account on account.id = entry.account_id
  ), draw as (
    insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
    select entry.id, due.n, due.id, due.free, t from due join entry using (account_id)
  ), lot as (
    update tallystick.credit_lot set remaining_amount = due.held_amount, open = due.held_amount > 0,
      expiration_date_processed_at = case when due.held_amount = 0 then t end
    from due where credit_lot.id = due.id
  ), account as (
    update tallystick.user_credit set current_credits = current_credits - entry.amount, seq = seq + 1, updated_at = t
    from entry where user_credit.id = entry.account_id
  )
  select count(*) as lots, count(distinct account_id) as accounts, coalesce(sum(free), 0) as credits into counts from due;
  return jsonb_build_object('expired', counts.lots, 'accounts', counts.accounts, 'credits', counts.credits);
end $$;

create or replace function tallystick.expirable_lots() returns bigint language sql stable as $$
  select count(*) from tallystick.credit_lot
  where open and expiration_date <= tallystick.clock() and remaining_amount > held_amount
$$;
