-- What a batch reads before it decides: its accounts, locked, and their lots. Called under consume_many's planner settings.

-- Locks the accounts that names stand for. Aliases come before what they stand for, as in a single call, and ids ascend
-- within that: batches and single calls never wait for each other in a circle. Both answers are in the order of the
-- names: the account's id, null when there is none, and whether the name is an alias.
create or replace function tallystick.lock_accounts(
  p_user_ids text[], p_units text[], out ids bigint[], out aliased boolean[]
) language plpgsql as $$
declare
  alias_ids bigint[];
begin
  select array_agg(account.id order by n), array_agg(account.merged_into_id is not null order by n) into ids, aliased
    from unnest(p_user_ids, p_units) with ordinality as name (user_id, unit, n)
    left join tallystick.user_credit account on account.user_id = name.user_id and account.unit = name.unit;
  if true = any (aliased) then
    with recursive chain as (
      select n, id, 0 as depth from unnest(ids) with ordinality as name (id, n)
      union all
      select chain.n, account.merged_into_id, chain.depth + 1
      from chain join tallystick.user_credit account on account.id = chain.id
      where account.merged_into_id is not null
    ), link as (
      select n, id, max(depth) over (partition by n) - depth as distance from chain
    )
    select array_agg(id order by n) filter (where distance = 0),
      array_agg(id order by distance desc, id) filter (where distance > 0) into ids, alias_ids from link;
    perform from unnest(alias_ids) with ordinality as alias (id, n) join tallystick.user_credit account using (id)
      order by alias.n for no key update of account;
  end if;
  perform from tallystick.user_credit where id = any (ids) order by id for no key update;
end $$;

-- The open live lots of accounts in burn order, as many of each as cover what is needed of it and few more: an account
-- with thousands of lots is read as far as it is spent. Scoped lots are among them: they tell that not every lot is for
-- every item. lot_from and lot_to say where an account's lots stand in lots.
create or replace function tallystick.lots_to_cover(
  p_account_ids bigint[], p_needs bigint[], p_now timestamptz,
  out lot_ids bigint[], out free bigint[], out lot_from integer[], out lot_to integer[], out scoped boolean[]
) language plpgsql set enable_sort = off as $$
declare
  lacking integer[];
  lot_limit integer := 1;
  found record;
  covered bigint;
  previous integer;
  a integer;
begin
  lot_ids := '{}';
  free := '{}';
  lot_from := array_fill(1, array[cardinality(p_needs)]);
  lot_to := array_fill(0, array[cardinality(p_needs)]);
  scoped := array_fill(false, array[cardinality(p_needs)]);
  select array_agg(n) into lacking from unnest(p_needs) with ordinality as need (amount, n) where amount > 0;
  while lacking is not null loop
    select array_agg(n::integer) as accounts, array_agg(id) as ids, array_agg(lot.free) as free, array_agg(is_scoped) as scoped
    into found
    from unnest(lacking) as n cross join lateral (
      select id, remaining_amount - held_amount as free, scope is not null as is_scoped from tallystick.credit_lot
      where account_id = p_account_ids[n] and open and remaining_amount > held_amount
        and effective_at <= p_now and (expiration_date is null or expiration_date > p_now)
      order by priority, (scope is null), expiration_date, id limit lot_limit) lot;
    lacking := null;
    for j in 1 .. coalesce(cardinality(found.accounts), 0) loop
      a := found.accounts[j];
      if a is distinct from previous then
        lot_from[a] := cardinality(lot_ids) + j;
        covered := 0;
        previous := a;
      end if;
      lot_to[a] := cardinality(lot_ids) + j;
      covered := covered + found.free[j];
      scoped[a] := scoped[a] or found.scoped[j];
      -- As many lots as were asked for, and still too little: there may be more.
      if covered < p_needs[a] and lot_to[a] - lot_from[a] + 1 = lot_limit then lacking := lacking || a; end if;
    end loop;
    lot_ids := lot_ids || found.ids;
    free := free || found.free;
    lot_limit := lot_limit * 16;
    previous := null;
  end loop;
end $$;
