-- consume_many: many consumptions in one call, as if consume_credits had been called for one item after another in one
-- transaction. Nearly every account is in a state in which that is arithmetic: its items are decided in memory and
-- written with one statement a table. The items of the others (an alias, frozen, in debt, limited, with scoped lots or
-- overdue holds) are given to consume_credits, and so are keys that were used before: each rule stands in one place.
--
-- The planner settings: every statement reaches the big tables from the batch's arrays, and a probe for each element is
-- right whatever the statistics say. The plans don't depend on the arrays' contents, so they are made once a session.

-- Parameters: the accounts' names, each once, and arrays of one element an item; p_accounts says which of the names an
-- item is for, counted from 1. Arrays that are null are null for every item. The answer holds, in the order of the items:
-- entries (null: refused for too few credits), balances, availables; draws of the entries; `sources`, the earlier item
-- whose answer an item repeats; `others`, by the item's number, what consume_credits answered.
create or replace function tallystick.consume_many(
  p_user_ids text[],
  p_units text[],
  p_accounts integer[],
  p_amounts bigint[],
  p_features text[] default null,
  p_members text[] default null,
  p_idempotency_keys text[] default null,
  p_descriptions text[] default null,
  p_metadata text[] default null
) returns json language plpgsql set lock_timeout = '5s'
  set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set enable_bitmapscan = off
  set enable_material = off set enable_memoize = off set plan_cache_mode = force_generic_plan as $$
declare
  item_count constant integer := cardinality(p_amounts);
  account_count constant integer := cardinality(p_user_ids);
  t timestamptz;
  -- By account.
  ids bigint[];
  aliased boolean[];
  usual boolean[];
  with_holds boolean[];
  seqs bigint[];
  books bigint[];
  balances bigint[];
  availables bigint[];
  needs bigint[] := array_fill(0::bigint, array[account_count]);
  spent bigint[] := array_fill(0::bigint, array[account_count]);
  next_lots integer[];
  last_lots integer[];
  scoped boolean[];
  -- By lot.
  lot_ids bigint[];
  lot_free bigint[];
  lot_taken bigint[];
  -- By item.
  known integer[];
  first_uses integer[] := array_fill(null::integer, array[item_count]);
  holders integer[] := array_fill(null::integer, array[item_count]);
  entries bigint[] := array_fill(null::bigint, array[item_count]);
  entry_seqs bigint[] := array_fill(null::bigint, array[item_count]);
  books_after bigint[] := array_fill(null::bigint, array[item_count]);
  balances_after bigint[] := array_fill(0::bigint, array[item_count]);
  availables_after bigint[] := array_fill(0::bigint, array[item_count]);
  sources integer[] := array_fill(null::integer, array[item_count]);
  others jsonb[] := array_fill(null::jsonb, array[item_count]);
  -- By draw.
  draw_items integer[] := '{}';
  draw_numbers integer[] := '{}';
  draw_lots bigint[] := '{}';
  draw_amounts bigint[] := '{}';
  due bigint[];
  changed_meanwhile boolean;
  repeated record;
  a integer;
  amount bigint;
  wanted bigint;
  take bigint;
  lot integer;
  number integer;
  holder integer;
begin
  select * into ids, aliased from tallystick.lock_accounts(p_user_ids, p_units);

  loop
    t := tallystick.clock();
    select array_agg(account.frozen_at is null and account.debt = 0 and not account.limited
        and account.names = 1 and not account.aliased),
      array_agg(account.has_holds), array_agg(account.seq), array_agg(account.current_credits),
      array_agg(account.cached_balance), array_agg(account.cached_available),
      array_agg(account.id) filter (where account.next_change_at <= t),
      bool_or(account.merged_into_id is not null or not account.aliased and account.user_id <> p_user_ids[account.n])
    into usual, with_holds, seqs, books, balances, availables, due, changed_meanwhile
    from (
      select account.*, name.n, name.aliased, count(*) over (partition by name.id) as names
      from unnest(ids, aliased) with ordinality as name (id, aliased, n) left join tallystick.user_credit account using (id)
      order by name.n
    ) account;
    if changed_meanwhile then
      raise exception 'an account was merged or erased while the batch waited for it' using errcode = 'serialization_failure';
    end if;
    if due is not null then
      perform tallystick.catch_up(account, t) from tallystick.user_credit account where id = any (due);
      continue;
    end if;
    exit when known is not null or p_idempotency_keys is null;

    -- Keys that were used before this batch: what they answer depends on no balance. consume_credits may catch up with
    -- time on that occasion, so the accounts are read again.
    select coalesce(array_agg(item.n), '{}') into known
      from unnest(p_accounts, p_idempotency_keys) with ordinality as item (a, key, n)
      cross join lateral (
        (select from tallystick.credit_transaction where account_id = ids[item.a] and idempotency_key = item.key limit 1)
        union all
        (select from tallystick.credit_hold
          where with_holds[item.a] and account_id = ids[item.a] and idempotency_key = item.key limit 1)
        union all
        (select from tallystick.credit_hold
          where with_holds[item.a] and account_id = ids[item.a] and settle_idempotency_key = item.key limit 1)
        limit 1) as used
      where item.key is not null;
    exit when known = '{}';
    foreach number in array known loop
      a := p_accounts[number];
      continue when aliased[a];
      others[number] := tallystick.consume_credits(p_user_ids[a], p_amounts[number], p_units[a], p_features[number],
        p_members[number], p_idempotency_keys[number]);
    end loop;
  end loop;

  for n in 1 .. item_count loop
    a := p_accounts[n];
    amount := p_amounts[n];
    if usual[a] and others[n] is null and amount between 1 and availables[a] then
      needs[a] := least(needs[a] + amount, availables[a]);
    end if;
  end loop;
  select * into lot_ids, lot_free, next_lots, last_lots, scoped from tallystick.lots_to_cover(ids, needs, t);
  lot_taken := array_fill(0::bigint, array[cardinality(lot_ids)]);
  if p_idempotency_keys is not null then
    for repeated in
      select min(item.n) as first, array_agg(item.n) as items
      from unnest(p_accounts, p_idempotency_keys) with ordinality as item (a, key, n)
      where item.key is not null group by item.a, item.key having count(*) > 1
    loop
      foreach number in array repeated.items loop first_uses[number] := repeated.first; end loop;
    end loop;
  end if;

  for n in 1 .. item_count loop
    continue when others[n] is not null;
    a := p_accounts[n];
    amount := p_amounts[n];
    if not usual[a] or scoped[a] or amount is null or amount not between 1 and 9007199254740991 then
      others[n] := tallystick.consume_credits(p_user_ids[a], amount, p_units[a], p_features[n], p_members[n],
        p_idempotency_keys[n], p_descriptions[n], p_metadata[n]::jsonb);
      continue;
    end if;
    continue when ids[a] is null; -- nobody has granted it anything: 0 and 0
    holder := holders[first_uses[n]];
    if holder is not null then
      if amount = p_amounts[holder] and p_features[n] is not distinct from p_features[holder]
        and p_members[n] is not distinct from p_members[holder]
      then
        sources[n] := holder;
      else
        others[n] := jsonb_build_object('outcome', 'idempotency_conflict');
      end if;
      continue;
    end if;
    if availables[a] < amount then
      balances_after[n] := balances[a];
      availables_after[n] := availables[a];
      continue;
    end if;

    entries[n] := nextval('tallystick.credit_transaction_id_seq');
    if first_uses[n] is not null then holders[first_uses[n]] := n; end if;
    seqs[a] := seqs[a] + 1;
    entry_seqs[n] := seqs[a];
    spent[a] := spent[a] + amount;
    books_after[n] := books[a] - spent[a];
    balances[a] := balances[a] - amount;
    balances_after[n] := balances[a];
    availables[a] := availables[a] - amount;
    availables_after[n] := availables[a];
    wanted := amount;
    lot := next_lots[a];
    number := 1;
    loop
      if lot > last_lots[a] then
        raise exception 'account % has fewer credits in its lots than it says', ids[a] using errcode = 'data_corrupted';
      end if;
      take := least(lot_free[lot], wanted);
      draw_items := draw_items || n;
      draw_numbers := draw_numbers || number;
      draw_lots := draw_lots || lot_ids[lot];
      draw_amounts := draw_amounts || take;
      lot_taken[lot] := lot_taken[lot] + take;
      lot_free[lot] := lot_free[lot] - take;
      wanted := wanted - take;
      if lot_free[lot] = 0 then lot := lot + 1; end if;
      exit when wanted = 0;
      number := number + 1;
    end loop;
    next_lots[a] := lot;
  end loop;

  insert into tallystick.credit_transaction (id, account_id, seq, amount, balance_after, operation_id, created_at, type,
      answered_balance, answered_available, idempotency_key, description, metadata, feature, member)
    overriding system value
    select entries[n], ids[p_accounts[n]], entry_seqs[n], -p_amounts[n], books_after[n], null, t, 'usage',
      case when p_idempotency_keys[n] is not null then nullif(balances_after[n], books_after[n]) end,
      case when p_idempotency_keys[n] is not null then nullif(availables_after[n], balances_after[n]) end,
      p_idempotency_keys[n], p_descriptions[n], p_metadata[n]::jsonb, p_features[n], p_members[n]
    from generate_series(1, item_count) as n where entries[n] is not null;
  insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
    select entries[draw_items[n]], draw_numbers[n], draw_lots[n], draw_amounts[n], t
    from generate_series(1, cardinality(draw_items)) as n;
  update tallystick.credit_lot
    set remaining_amount = remaining_amount - draw.taken, open = remaining_amount > draw.taken
    from unnest(lot_ids, lot_taken) as draw (lot_id, taken) where id = draw.lot_id and draw.taken > 0;
  update tallystick.user_credit set current_credits = current_credits - debit.amount, seq = debit.seq, updated_at = t,
      cached_balance = debit.balance, cached_available = debit.available
    from unnest(ids, spent, seqs, balances, availables) as debit (account_id, amount, seq, balance, available)
    where id = debit.account_id and debit.amount > 0;
  return json_build_object('outcome', 'ok', 'entries', entries::text[], 'balances', balances_after, 'availables', availables_after,
    'sources', sources, 'others', others,
    'drawItems', draw_items, 'drawLots', draw_lots::text[], 'drawAmounts', draw_amounts);
end $$;
