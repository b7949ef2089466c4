-- What distribution and expiry owe to the rest of the ledger: what time has done to holds and debts is booked first, and
-- debts are paid by what becomes free. Each asks first whether there is anything to do.

-- Releases holds past their deadline of accounts that the caller has locked, and forgives what time alone has made
-- unpayable, or it would be paid by what is granted next.
create or replace function tallystick.release_holds_due(p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql as $$
declare
  holders bigint[];
begin
  if exists (select from tallystick.credit_hold where status = 'open' and expires_at <= p_now) then
    holders := array(select distinct account_id from tallystick.credit_hold
      where status = 'open' and expires_at <= p_now and account_id = any (p_account_ids));
    if holders <> '{}' then perform tallystick.release_due_holds(holders, p_now); end if;
  end if;
  perform tallystick.catch_up(debtor, p_now) from tallystick.user_credit debtor
    where id = any (p_account_ids) and debt > 0 and next_change_at <= p_now;
end $$;

-- Pays the oldest shortfalls of accounts that the caller has locked, with what they have free, and stores true totals.
create or replace function tallystick.pay_debts_of(p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql as $$
declare
  debtor tallystick.user_credit;
begin
  for debtor in select * from tallystick.user_credit where id = any (p_account_ids) and debt > 0 order by id loop
    debtor.debt := debtor.debt - tallystick.pay_shortfalls(debtor.id, debtor.debt, p_now);
    perform tallystick.store_account(debtor, p_now);
  end loop;
end $$;
