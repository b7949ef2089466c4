-- What happens to accounts as a whole: freezing, merging, and forgetting whose they were.

-- freeze: consume and hold are refused from now on; all else goes on. Freezing twice keeps the first moment and reason.
create or replace function tallystick.freeze_account(
  p_user_id text, p_frozen boolean, p_actor text, p_reason text, p_unit text default 'credit'
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  account tallystick.user_credit;
begin
  account := tallystick.lock_account(p_user_id, p_unit, p_frozen);
  if p_frozen and account.frozen_at is null then
    update tallystick.user_credit set frozen_at = tallystick.clock(), frozen_by = p_actor, frozen_reason = p_reason
      where id = account.id returning * into account;
  elsif not p_frozen then
    update tallystick.user_credit set frozen_at = null, frozen_by = p_actor, frozen_reason = p_reason
      where id = account.id and frozen_at is not null returning * into account;
    -- Whoever watches the account has not looked at it meanwhile.
    update tallystick.credit_watch set crossed_at = tallystick.clock() where account_id = account.id;
  end if;
  return jsonb_build_object('outcome', 'ok', 'frozenAt', account.frozen_at);
end $$;

-- merge: moves all that one account has to another and makes the first an alias of it. Refused while the first has open
-- holds. A freeze goes along, or a merge would set frozen credits free. Repeated, it finds the work done.
create or replace function tallystick.merge_accounts(
  p_from_user_id text, p_to_user_id text, p_actor text, p_reason text, p_unit text default 'credit'
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  source tallystick.user_credit;
  target tallystick.user_credit;
  target_id bigint;
  t timestamptz;
  moved bigint;
  operation_id bigint;
begin
  loop
    select * into source from tallystick.user_credit where user_id = p_from_user_id and unit = p_unit;
    if not found then return jsonb_build_object('outcome', 'ok', 'moved', 0, 'debt', 0); end if;
    target_id := tallystick.acting_account(
      (select id from tallystick.user_credit where user_id = p_to_user_id and unit = p_unit));
    perform from tallystick.user_credit where id in (source.id, target_id) order by id for no key update;
    -- Whoever was erased or merged while this waited for the locks is looked for again.
    select * into source from tallystick.user_credit where id = source.id;
    exit when source.user_id = p_from_user_id and target_id is not distinct from tallystick.acting_account(
      (select id from tallystick.user_credit where user_id = p_to_user_id and unit = p_unit));
  end loop;
  -- Not under its name once it is locked: that would take an alias after what it stands for, against the order.
  target := case when target_id is null then tallystick.lock_account(p_to_user_id, p_unit, true)
    else tallystick.lock_account_of(target_id) end;
  if tallystick.acting_account(source.id) = target.id then
    if source.user_id <> target.user_id then return jsonb_build_object('outcome', 'ok', 'moved', 0, 'debt', 0); end if;
    return jsonb_build_object('outcome', 'invalid_request', 'message', case when p_from_user_id = p_to_user_id
      then 'an account can''t be merged into itself'
      else format('%s is merged into %s already; merge the other way round', p_to_user_id, p_from_user_id) end);
  end if;
  if source.merged_into_id is not null then
    return jsonb_build_object('outcome', 'invalid_state', 'message',
      format('%s has been merged into another account; merge that one.', p_from_user_id));
  end if;
  t := tallystick.clock();
  if t >= source.next_change_at then source := tallystick.catch_up(source, t); end if;
  if t >= target.next_change_at then target := tallystick.catch_up(target, t); end if;
  if exists (select from tallystick.credit_hold where account_id = source.id and status = 'open') then
    return jsonb_build_object('outcome', 'invalid_state', 'message',
      format('%s has open holds; capture or void them first.', p_from_user_id));
  end if;
  -- The lots come before the debt: without it the balance between the two must fit as well.
  if source.current_credits + source.debt + target.current_credits > 9007199254740991 then
    return jsonb_build_object('outcome', 'balance_limit');
  end if;

  operation_id := nextval('tallystick.credit_transaction_id_seq');
  moved := tallystick.transfer_lots(source, target, t, operation_id, p_actor, p_reason);
  perform tallystick.transfer_debt(source.id, target.id, t, operation_id, p_actor, p_reason);
  perform tallystick.move_enrolments(source.id, target.id, t);
  perform tallystick.move_limits(source.id, target.id, t);
  if source.frozen_at is not null then
    update tallystick.user_credit set frozen_at = source.frozen_at, frozen_by = source.frozen_by, frozen_reason = source.frozen_reason
      where id = target.id and frozen_at is null;
  end if;
  update tallystick.user_credit set merged_into_id = target.id where id = source.id;

  select * into target from tallystick.user_credit where id = target.id;
  target.debt := target.debt - tallystick.pay_shortfalls(target.id, target.debt, t);
  perform tallystick.store_account(target, t);
  return jsonb_build_object('outcome', 'ok', 'moved', moved, 'debt', source.debt);
end $$;

-- Every open lot, also an expired one that is not booked yet, goes as it is: out here and in there, in the order of ids.
create or replace function tallystick.transfer_lots(
  p_source tallystick.user_credit, p_target tallystick.user_credit, p_now timestamptz, p_operation_id bigint, p_actor text, p_reason text
) returns bigint language plpgsql as $$
declare
  moved bigint;
begin
  with open_lot as (
    select lot.*, row_number() over (order by lot.id) as n,
      case when row_number() over (order by lot.id) = 1 then p_operation_id
        else nextval('tallystick.credit_transaction_id_seq') end as out_id
    from tallystick.credit_lot lot where lot.account_id = p_source.id and lot.open
  ), lot as (
    select open_lot.*, nextval('tallystick.credit_transaction_id_seq') as in_id,
      sum(remaining_amount) over (order by n) as total
    from (select * from open_lot order by n) open_lot
  ), journal as (
    insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      payment_id, actor, description)
    overriding system value
    select out_id, p_source.id, p_source.seq + n, -remaining_amount, p_source.current_credits - total, p_operation_id, p_now,
      'transfer_out', null, p_actor, p_reason from lot
    union all
    select in_id, p_target.id, p_target.seq + n, remaining_amount, p_target.current_credits + total, p_operation_id, p_now,
      'transfer_in', payment_id, p_actor, p_reason from lot
  ), draw as (
    insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
    select out_id, 1, id, remaining_amount, p_now from lot
  ), emptied as (
    update tallystick.credit_lot set remaining_amount = 0, open = false where account_id = p_source.id and open
  ), made as (
    insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, priority, scope, effective_at, expiration_date, payment_id)
    select in_id, p_target.id, remaining_amount, remaining_amount, priority, scope, effective_at, expiration_date, payment_id from lot
  ), source as (
    update tallystick.user_credit set current_credits = current_credits - total.amount, seq = seq + total.n, updated_at = p_now,
      cached_balance = 0, cached_available = 0, cached_held = 0, next_change_at = 'infinity'
    from (select count(*) as n, coalesce(sum(remaining_amount), 0) as amount from lot) total where user_credit.id = p_source.id
  ), target as (
    update tallystick.user_credit set current_credits = current_credits + total.amount, seq = seq + total.n, updated_at = p_now
    from (select count(*) as n, coalesce(sum(remaining_amount), 0) as amount from lot) total where user_credit.id = p_target.id
  )
  select coalesce(sum(remaining_amount), 0) into moved from lot;
  return moved;
end $$;

-- Debt goes too: what comes in here pays the shortfalls, and what goes out there is a shortfall of its own.
create or replace function tallystick.transfer_debt(
  p_source_id bigint, p_target_id bigint, p_now timestamptz, p_operation_id bigint, p_actor text, p_reason text
) returns void language plpgsql as $$
declare
  owed bigint;
  in_id bigint;
begin
  select debt into owed from tallystick.user_credit where id = p_source_id;
  if owed = 0 then return; end if;
  -- Where no lot went over, this is the operation's first entry.
  in_id := case when exists (select from tallystick.credit_transaction where id = p_operation_id)
    then nextval('tallystick.credit_transaction_id_seq') else p_operation_id end;
  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type, actor, description)
    overriding system value
    select case when id = p_source_id then in_id else nextval('tallystick.credit_transaction_id_seq') end, id, seq + 1,
      case when id = p_source_id then owed else -owed end,
      current_credits + case when id = p_source_id then owed else -owed end, p_operation_id, p_now,
      case when id = p_source_id then 'transfer_in' else 'transfer_out' end, p_actor, p_reason
    from tallystick.user_credit where id in (p_source_id, p_target_id);
  insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at)
    values (in_id, p_source_id, owed, owed, p_now);
  perform tallystick.pay_shortfalls(p_source_id, owed, p_now);
  update tallystick.user_credit set current_credits = current_credits + owed, debt = 0, seq = seq + 1, updated_at = p_now,
      cached_balance = 0 where id = p_source_id;
  update tallystick.user_credit set current_credits = current_credits - owed, debt = debt + owed, seq = seq + 1, updated_at = p_now
    where id = p_target_id;
end $$;

-- Enrolments move. A free plan that the target has too ends here; one that was paid for runs beside the target's own.
create or replace function tallystick.move_enrolments(p_source_id bigint, p_target_id bigint, p_now timestamptz)
returns void language sql as $$
  update tallystick.credit_enrolment mine set ended_at = p_now, next_due_at = null
    where account_id = p_source_id and ended_at is null and fact is null and exists (
      select from tallystick.credit_enrolment theirs
      where theirs.account_id = p_target_id and theirs.plan_id = mine.plan_id and theirs.ended_at is null);
  update tallystick.credit_enrolment set account_id = p_target_id where account_id = p_source_id and ended_at is null;
$$;

-- Limits move where the target has none of the kind, and begin to count what the target has spent.
create or replace function tallystick.move_limits(p_source_id bigint, p_target_id bigint, p_now timestamptz)
returns void language plpgsql as $$
declare
  mine tallystick.credit_spend_limit;
begin
  for mine in delete from tallystick.credit_spend_limit where account_id = p_source_id returning * loop
    if not exists (select from tallystick.credit_spend_limit where account_id = p_target_id
        and member is not distinct from mine.member and period = mine.period) then
      perform tallystick.add_spend_limit(p_target_id, mine.member, mine.period, mine.amount, mine.time_zone, p_now);
    end if;
  end loop;
  update tallystick.user_credit set limited = false where id = p_source_id;
end $$;

-- The accounts of a user id in every unit with those merged into them: an alias before what it is merged into, in which
-- order calls under the alias lock them too.
create or replace function tallystick.accounts_of_user(p_user_id text) returns bigint[] language sql stable as $$
  with recursive mine as (
    select id, 0 as depth from tallystick.user_credit where user_id = p_user_id
    union all
    select alias.id, mine.depth + 1 from mine join tallystick.user_credit alias on alias.merged_into_id = mine.id
  )
  select array_agg(id order by depth desc, id) from mine
$$;

-- Erasure: forgets whose the accounts of a user id were, in every unit, with those merged into them. Amounts, types and
-- times stay, so every audit and seal still holds; names, descriptions and metadata go. The user id is free again.
create or replace function tallystick.erase_user(p_user_id text, p_alias text) returns jsonb
language plpgsql set lock_timeout = '5s' as $$
declare
  account_ids bigint[];
begin
  loop
    account_ids := tallystick.accounts_of_user(p_user_id);
    if account_ids is null then return jsonb_build_object('outcome', 'ok', 'accounts', 0); end if;
    perform from tallystick.user_credit join unnest(account_ids) with ordinality mine (account_id, n) on account_id = id
      order by n for update of user_credit;
    -- What was merged or erased while this waited for the locks is looked for again.
    exit when account_ids = tallystick.accounts_of_user(p_user_id);
  end loop;
  update tallystick.credit_transaction set description = null, metadata = null
    where account_id = any (account_ids) and (description is not null or metadata is not null);
  update tallystick.credit_hold set description = null, metadata = null
    where account_id = any (account_ids) and (description is not null or metadata is not null);
  -- What the product's hook said when it threw may name the user. An alert that is being told now is not waited for: its
  -- hook may want these accounts, and its next try, within the hour, knows the alias only.
  update tallystick.credit_alert set last_error = null where id in (
    select id from tallystick.credit_alert where account_id = any (account_ids) and last_error is not null
    for update skip locked);
  update tallystick.credit_outbox set last_error = null where (consumer, account_id, seq) in (
    select consumer, account_id, seq from tallystick.credit_outbox
    where account_id = any (account_ids) and last_error is not null for update skip locked);
  delete from tallystick.credit_watch where account_id = any (account_ids);
  update tallystick.user_credit set frozen_reason = null,
      user_id = case when user_id = p_user_id then p_alias else p_alias || '/' || id end
    where id = any (account_ids);
  return jsonb_build_object('outcome', 'ok', 'accounts', cardinality(account_ids));
end $$;
