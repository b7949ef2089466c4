-- What distribution and expiry owe to the rest of the ledger: holds past their deadline end first, debts are paid by
-- what becomes free, and money that went back takes its credits along. Each asks first whether there is anything to do.

-- Releases holds past their deadline of accounts that the caller has locked.
create or replace function tallystick.release_holds_due(p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql as $$
declare
  holders bigint[];
begin
  if not exists (select from tallystick.credit_hold where status = 'open' and expires_at <= p_now) then return; end if;
  holders := array(select distinct account_id from tallystick.credit_hold
    where status = 'open' and expires_at <= p_now and account_id = any (p_account_ids));
  if holders <> '{}' then perform tallystick.release_due_holds(holders, p_now); end if;
end $$;

-- Pays the oldest shortfalls of accounts that the caller has locked, with what they have free.
create or replace function tallystick.pay_debts_of(p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql as $$
declare
  debtor bigint;
begin
  for debtor in select id from tallystick.user_credit where id = any (p_account_ids) and debt > 0 order by id loop
    perform tallystick.pay_shortfalls(debtor, p_now);
  end loop;
end $$;

-- Ends every grant that belongs to a payment of which money went back.
create or replace function tallystick.settle_returned_payment(p_payment_id bigint) returns void
language plpgsql as $$
begin
  perform tallystick.settle_returns_of(p_payment_id);
end $$;
