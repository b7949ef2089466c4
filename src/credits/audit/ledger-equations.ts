// The equations of books, entries, lots and draws.
import type { Equations } from "./equation.ts";

// The state after entry n is the state before entry n+1. With the numbers 1..n without gaps, the states cancel in an
// exclusive or of their checksums exactly when every balance_after is the running sum: no sort, one reading, and a chance
// of 2^-64 that a fault stays unseen, for a seed that nobody knew.
const state = (balance: string, seq: string, seed: number): string => `hashint8extended(${balance}, ${seq} + ${seed})`;

export const ledgerEquations: readonly Equations[] = [
  {
    number: 1,
    names: ["book_is_sum_of_entries", "entries_are_numbered_without_gaps", "balance_after_is_running_sum"],
    reads: ["credit_transaction", "user_credit"],
    sql: ({ accounts, journal, seed }) => `
      with entries as (
        select account_id, sum(amount) as total, count(*) as n,
          bit_xor(${state("balance_after", "seq", seed)} # ${state("balance_after - amount", "(seq - 1)", seed)}) as chain
        from ${journal} entry group by account_id
      ), suspect as materialized (
        select coalesce(account.id, entries.account_id) as account_id, account.current_credits, account.seq,
          coalesce(total, 0) as total, coalesce(n, 0) as n
        from ${accounts} account full join entries on entries.account_id = account.id
        where account.current_credits is distinct from coalesce(total, 0) or account.seq is distinct from coalesce(n, 0)
          or chain <> (${state("0", "0", seed)} # ${state("(total % 9223372036854775807)::bigint", "n", seed)})
      ), numbered as (
        select suspect.*, first, last, different, first <> 1 or last <> n or different <> n as gaps from suspect cross join lateral (
          select min(seq) as first, max(seq) as last, count(distinct seq) as different from tallystick.credit_transaction
          where account_id = suspect.account_id) numbers
      )
      select 'book_is_sum_of_entries' as equation, account_id,
        jsonb_build_object('actual', current_credits, 'expected', total) as subject,
        format('current_credits %s, entries sum to %s', current_credits, total) as detail
      from suspect where current_credits is distinct from total
      union all
      select 'entries_are_numbered_without_gaps', account_id, jsonb_build_object('actual', seq, 'expected', n),
        format('seq %s, entries %s with %s numbers from %s to %s', seq, n, different, first, last)
      from numbered where seq is distinct from n or gaps
      union all
      select 'balance_after_is_running_sum', account_id,
        jsonb_build_object('entryId', id::text, 'actual', balance_after, 'expected', before + amount),
        format('entry %s of %s says %s after it; the balance before it was %s', id, amount, balance_after, before)
      from suspect cross join lateral (
        select id, amount, balance_after, coalesce(lag(balance_after) over (order by seq), 0) as before
        from tallystick.credit_transaction where account_id = suspect.account_id) step
      where balance_after <> before + amount`,
  },
  {
    number: 2,
    names: ["positive_entries_are_lots"],
    reads: ["credit_transaction", "credit_lot"],
    sql: ({ journal, lots }) => `
      select 'positive_entries_are_lots' as equation, coalesce(lot.account_id, entry.account_id) as account_id,
        jsonb_build_object('entryId', entry.id::text, 'lotId', lot.id::text, 'actual', lot.amount, 'expected', entry.amount) as subject,
        format('entry %s of %s, lot %s of %s', entry.id, entry.amount, lot.id, lot.amount)
          || case when lot.account_id <> entry.account_id then format(', entry of account %s', entry.account_id) else '' end as detail
      from (select id, account_id, amount from ${journal} positive where amount > 0) entry
      full join ${lots} lot on lot.id = entry.id
      where entry.id is null or lot.id is null or lot.amount <> entry.amount or lot.account_id <> entry.account_id`,
  },
  {
    number: 3,
    names: ["lot_remains_what_no_draw_took"],
    reads: ["credit_allocation", "credit_lot"],
    sql: ({ lots, drawsOnLots }) => `
      select 'lot_remains_what_no_draw_took' as equation, coalesce(lot.account_id, entry.account_id) as account_id,
        jsonb_build_object('lotId', coalesce(lot.id, drawn.lot_id)::text, 'actual', lot.remaining_amount,
          'expected', lot.amount - coalesce(drawn.total, 0)) as subject,
        format('lot %s of %s remains %s (held %s%s), draws took %s', coalesce(lot.id, drawn.lot_id), lot.amount, lot.remaining_amount,
          lot.held_amount, case when lot.open then '' else ', closed' end, coalesce(drawn.total, 0)) as detail
      from ${lots} lot
      full join (select lot_id, sum(amount) as total, min(transaction_id) as transaction_id
        from ${drawsOnLots} draw group by lot_id) drawn on drawn.lot_id = lot.id
      left join tallystick.credit_transaction entry on lot.id is null and entry.id = drawn.transaction_id
      where lot.id is null or lot.remaining_amount <> lot.amount - coalesce(drawn.total, 0)
        or lot.held_amount < 0 or lot.held_amount > lot.remaining_amount or lot.remaining_amount > lot.amount
        or lot.open <> (lot.remaining_amount > 0)`,
  },
  {
    number: 4,
    names: ["debits_are_drawn", "draws_are_numbered", "debt_is_sum_of_shortfalls"],
    reads: ["credit_transaction", "credit_allocation", "user_credit"],
    sql: ({ accounts, journal, draws }) => `
      with odd as materialized (
        select entry.id, entry.account_id, entry.type, entry.amount, coalesce(drawn.total, 0) as total, drawn.numbered
        from (select transaction_id, sum(amount) as total, max(n) = count(*) and sum(n) = count(*) * (count(*) + 1) / 2 as numbered
          from ${draws} draw group by transaction_id) drawn
        right join (select id, account_id, type, amount from ${journal} debit) entry on drawn.transaction_id = entry.id
        where coalesce(drawn.total, 0) <> greatest(-entry.amount, 0) or not drawn.numbered
      )
      select 'debits_are_drawn' as equation, account_id,
        jsonb_build_object('entryId', id::text, 'actual', total, 'expected', greatest(-amount, 0)) as subject,
        format('%s entry %s of %s, draws took %s', type, id, amount, total) as detail
      from odd where total > greatest(-amount, 0) or total < greatest(-amount, 0) and type not in ('clawback', 'transfer_out')
      union all
      select 'draws_are_numbered', account_id, jsonb_build_object('entryId', id::text),
        format('the draws of entry %s are not numbered from 1 without gaps', id)
      from odd where not numbered
      union all
      select 'debt_is_sum_of_shortfalls', coalesce(account.id, short.account_id),
        jsonb_build_object('actual', account.debt, 'expected', coalesce(short.total, 0)),
        format('debt %s, shortfalls sum to %s', account.debt, coalesce(short.total, 0))
      from (select id, debt from ${accounts} account) account
      full join (select account_id, sum(-amount - total) as total from odd
        where type in ('clawback', 'transfer_out') and total < -amount group by account_id) short on short.account_id = account.id
      where account.debt is distinct from coalesce(short.total, 0)`,
  },
  {
    number: 4,
    names: ["draws_stay_in_their_account"],
    reads: ["credit_transaction", "credit_allocation", "credit_lot"],
    sql: ({ journal, draws }) => `
      select 'draws_stay_in_their_account' as equation, coalesce(entry.account_id, lot.account_id) as account_id,
        jsonb_build_object('entryId', draw.transaction_id::text, 'lotId', draw.lot_id::text) as subject,
        format('entry %s (account %s) draws on lot %s (account %s)', draw.transaction_id, entry.account_id, draw.lot_id,
          lot.account_id) as detail
      from ${draws} draw
      left join (select id, account_id from ${journal} debit where amount < 0) entry on entry.id = draw.transaction_id
      left join tallystick.credit_lot lot on lot.id = draw.lot_id
      where entry.id is null or lot.id is null or entry.account_id <> lot.account_id`,
  },
  {
    number: 5,
    names: ["book_is_remaining_less_debt"],
    reads: ["credit_lot", "user_credit"],
    sql: ({ accounts, lots }) => `
      select 'book_is_remaining_less_debt' as equation, coalesce(account.id, open_lots.account_id) as account_id,
        jsonb_build_object('actual', current_credits, 'expected', coalesce(remaining, 0) - debt) as subject,
        format('current_credits %s, remaining %s, debt %s', current_credits, coalesce(remaining, 0), debt) as detail
      from (select id, current_credits, debt from ${accounts} account) account
      full join (select account_id, sum(remaining_amount) as remaining from ${lots} lot
        where remaining_amount <> 0 group by account_id) open_lots on open_lots.account_id = account.id
      where account.current_credits is distinct from coalesce(remaining, 0) - debt`,
  },
];
