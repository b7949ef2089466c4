// The equations of what is derived: counters, cached totals, aliases, and that no row is left without its owner.
import type { Equations } from "./equation.ts";

export const derivedEquations: readonly Equations[] = [
  {
    number: 9,
    names: ["counters_are_spending"],
    reads: ["credit_transaction", "credit_hold", "credit_spend_limit", "credit_spend_counter"],
    // A limit counts from the beginning of the period in which it was made.
    sql: ({ limits, journal, holds }) => `
      with spend_limit as materialized (
        select id, account_id, member, period, time_zone,
          date_trunc(period, created_at at time zone time_zone)::date as begins from ${limits} spend_limit
      ), spent as (
        select account_id, member, created_at, -amount as amount from ${journal} debit
        where type = 'usage' and account_id in (select account_id from spend_limit)
        union all
        select debit.account_id, debit.member, debit.created_at, -refund.amount
        from tallystick.credit_transaction refund
        join tallystick.credit_transaction debit on debit.id = refund.refund_of_id and debit.type = 'usage'
        where refund.type = 'refund' and refund.refund_of_id is not null
          and debit.account_id in (select account_id from spend_limit)
        union all
        select account_id, member, created_at, amount from ${holds} hold
        where status = 'open' and account_id in (select account_id from spend_limit)
      ), expected as (
        select spend_limit.id, date_trunc(period, spent.created_at at time zone time_zone)::date as period_start,
          sum(spent.amount) as amount
        from spend_limit join spent on spent.account_id = spend_limit.account_id
          and (spend_limit.member is null or spend_limit.member = spent.member)
        where date_trunc(period, spent.created_at at time zone time_zone)::date >= begins group by 1, 2
      )
      select 'counters_are_spending' as equation, spend_limit.account_id,
        jsonb_build_object('limitId', spend_limit.id::text, 'actual', counter.amount, 'expected', coalesce(expected.amount, 0),
          'periodStart', coalesce(counter.period_start, expected.period_start)) as subject,
        format('the %s limit %s counts %s from %s on, spent and held are %s', spend_limit.period, spend_limit.id,
          counter.amount, coalesce(counter.period_start, expected.period_start), coalesce(expected.amount, 0)) as detail
      from expected
      full join (select counter.* from tallystick.credit_spend_counter counter
        where counter.limit_id in (select id from spend_limit)) counter
        on counter.limit_id = expected.id and counter.period_start = expected.period_start
      join spend_limit on spend_limit.id = coalesce(expected.id, counter.limit_id)
      where coalesce(counter.amount, 0) <> coalesce(expected.amount, 0)`,
  },
  {
    number: 11,
    names: ["cached_totals_are_true"],
    reads: ["credit_lot", "user_credit", "credit_hold"],
    // One reading of the clock: between two, a cache could come to its end and look false.
    sql: ({ accounts, lots, holds }) => `
      with moment as materialized (select tallystick.clock() as now), of_lots as (
        select account_id,
          sum(remaining_amount - held_amount) filter (where expiration_date <= now) as expired,
          sum(remaining_amount) filter (where effective_at > now) as pending,
          sum(remaining_amount - held_amount)
            filter (where effective_at <= now and (expiration_date is null or expiration_date > now)) as free,
          sum(held_amount) as held,
          least(min(expiration_date) filter (where expiration_date > now), min(effective_at) filter (where effective_at > now)) as next
        from ${lots} lot cross join moment where open group by account_id
      ), of_holds as (
        select account_id, min(expires_at) as next from ${holds} hold where status = 'open' group by account_id
      ), totals as (
        select account.*, current_credits - coalesce(expired, 0) - coalesce(pending, 0) as balance,
          case when debt > 0 then 0 else coalesce(free, 0) end as available, coalesce(held, 0) as held,
          least(of_lots.next, of_holds.next, 'infinity') as next
        from (select id, current_credits, debt, cached_balance, cached_available, cached_held, next_change_at
          from ${accounts} account where next_change_at > (select now from moment)) account
        left join of_lots on of_lots.account_id = account.id
        left join of_holds on of_holds.account_id = account.id
      )
      select 'cached_totals_are_true' as equation, id as account_id,
        jsonb_build_object('actual', cached_available, 'expected', available) as subject,
        format('cached %s/%s/%s until %s, lots and holds say %s/%s/%s until %s', cached_balance, cached_available, cached_held,
          next_change_at, balance, available, held, next) as detail
      from totals
      where (cached_balance, cached_available, cached_held) is distinct from (balance, available, held) or next_change_at > next`,
  },
  {
    number: 12,
    names: ["aliases_are_empty"],
    reads: ["user_credit"],
    sql: ({ accounts }) => `
      select 'aliases_are_empty' as equation, alias.id as account_id,
        jsonb_build_object('actual', alias.current_credits, 'expected', 0) as subject,
        format('merged into account %s with book %s and debt %s', alias.merged_into_id, alias.current_credits, alias.debt)
          || case when endless then ', in a circle' else '' end as detail
      from (select id, merged_into_id, current_credits, debt from ${accounts} account where merged_into_id is not null) alias
      cross join lateral (
        with recursive chain as (
          select target.id, target.merged_into_id from tallystick.user_credit target where target.id = alias.merged_into_id
          union select target.id, target.merged_into_id
          from chain join tallystick.user_credit target on target.id = chain.merged_into_id)
        select coalesce(bool_and(merged_into_id is not null), true) as endless from chain) ended
      where current_credits <> 0 or debt <> 0 or endless`,
  },
  {
    number: 13,
    names: ["rows_have_their_owners"],
    reads: ["credit_transaction", "credit_allocation", "credit_lot", "credit_hold_lot", "user_credit"],
    walks: "entries",
    sql({ range }) {
      const within = (column: string): string =>
        range === undefined ? "true" : `${column} between ${range.from} and ${range.to}`;
      return `
      select 'rows_have_their_owners' as equation, account_id, jsonb_build_object('entryId', entry.id::text) as subject,
        format('entry %s of %s belongs to account %s, which is gone', entry.id, amount, account_id) as detail
      from tallystick.credit_transaction entry
      where ${within("entry.id")} and not exists (select from tallystick.user_credit account where account.id = entry.account_id)
      union all
      select 'rows_have_their_owners', account_id, jsonb_build_object('lotId', lot.id::text),
        format('lot %s of %s has no entry', lot.id, amount)
      from tallystick.credit_lot lot
      where ${within("lot.id")} and not exists (select from tallystick.credit_transaction entry where entry.id = lot.id)
      union all
      select 'rows_have_their_owners', null, jsonb_build_object('entryId', draw.transaction_id::text, 'lotId', draw.lot_id::text),
        format('draw %s of entry %s on lot %s: the entry is gone', draw.n, draw.transaction_id, draw.lot_id)
      from tallystick.credit_allocation draw where ${within("draw.transaction_id")}
        and not exists (select from tallystick.credit_transaction entry where entry.id = draw.transaction_id)
      union all
      select 'rows_have_their_owners', null, jsonb_build_object('holdId', part.hold_id::text, 'lotId', part.lot_id::text),
        format('part %s of hold %s on lot %s: the hold is gone', part.n, part.hold_id, part.lot_id)
      from tallystick.credit_hold_lot part where ${within("part.hold_id")}
        and not exists (select from tallystick.credit_hold hold where hold.id = part.hold_id)`;
    },
  },
];
