// The equations of the ledger, each as the query for what breaks it: account_id and a detail. An empty answer is proof.

export interface Equation {
  readonly name: string;
  readonly sql: string;
}

export const auditEquations: readonly Equation[] = [
  {
    name: "book_is_sum_of_entries",
    sql: `select account.id as account_id,
        format('current_credits %s, entries sum to %s', account.current_credits, coalesce(journal.total, 0)) as detail
      from tallystick.user_credit account
      full join (select account_id, sum(amount) as total from tallystick.credit_transaction group by account_id) journal
        on journal.account_id = account.id
      where account.current_credits is distinct from coalesce(journal.total, 0)`,
  },
  {
    name: "entries_are_numbered_without_gaps",
    sql: `select coalesce(account.id, journal.account_id) as account_id,
        format('seq %s, entries %s from %s to %s', account.seq, journal.n, journal.first, journal.last) as detail
      from tallystick.user_credit account
      full join (select account_id, count(*) as n, min(seq) as first, max(seq) as last
        from tallystick.credit_transaction group by account_id) journal on journal.account_id = account.id
      where account.seq is distinct from coalesce(journal.n, 0)
        or (journal.n > 0 and (journal.first <> 1 or journal.last <> journal.n))`,
  },
  {
    name: "balance_after_is_running_sum",
    sql: `select account_id, format('entry %s says %s after it, the sum is %s', id, balance_after, total) as detail
      from (select id, account_id, balance_after, sum(amount) over (partition by account_id order by seq) as total
        from tallystick.credit_transaction) running
      where balance_after <> total`,
  },
  {
    name: "positive_entries_are_lots",
    sql: `select coalesce(lot.account_id, entry.account_id) as account_id,
        format('entry %s of %s, lot %s of %s', entry.id, entry.amount, lot.id, lot.amount) as detail
      from (select id, account_id, amount from tallystick.credit_transaction where amount > 0) entry
      full join tallystick.credit_lot lot on lot.id = entry.id
      where entry.id is null or lot.id is null or lot.amount <> entry.amount or lot.account_id <> entry.account_id`,
  },
  {
    name: "lot_remains_what_no_draw_took",
    sql: `select coalesce(lot.account_id, entry.account_id) as account_id,
        format('lot %s of %s remains %s (held %s), draws took %s', coalesce(lot.id, drawn.lot_id), lot.amount,
          lot.remaining_amount, lot.held_amount, coalesce(drawn.total, 0)) as detail
      from tallystick.credit_lot lot
      full join (select lot_id, sum(amount) as total, min(transaction_id) as transaction_id
        from tallystick.credit_allocation group by lot_id) drawn on drawn.lot_id = lot.id
      left join tallystick.credit_transaction entry on lot.id is null and entry.id = drawn.transaction_id
      where lot.id is null or lot.remaining_amount <> lot.amount - coalesce(drawn.total, 0)
        or lot.held_amount < 0 or lot.held_amount > lot.remaining_amount or lot.remaining_amount > lot.amount
        or lot.open <> (lot.remaining_amount > 0)`,
  },
  {
    name: "debits_are_drawn",
    sql: `select entry.account_id, format('%s entry %s of %s, draws took %s', entry.type, entry.id, entry.amount, coalesce(drawn.total, 0)) as detail
      from tallystick.credit_transaction entry
      left join (select transaction_id, sum(amount) as total from tallystick.credit_allocation group by transaction_id) drawn
        on drawn.transaction_id = entry.id
      where (entry.amount > 0 and drawn.total is not null)
        or (entry.amount < 0 and coalesce(drawn.total, 0) > -entry.amount)
        or (entry.amount < 0 and coalesce(drawn.total, 0) < -entry.amount and entry.type not in ('clawback', 'transfer_out'))`,
  },
  {
    name: "draws_stay_in_their_account",
    sql: `select entry.account_id, format('entry %s draws on lot %s of another account', draw.transaction_id, draw.lot_id) as detail
      from tallystick.credit_allocation draw
      left join tallystick.credit_transaction entry on entry.id = draw.transaction_id
      left join tallystick.credit_lot lot on lot.id = draw.lot_id
      where entry.id is null or lot.id is null or entry.account_id <> lot.account_id`,
  },
  {
    name: "debt_is_sum_of_shortfalls",
    sql: `select account.id as account_id, format('debt %s, shortfalls sum to %s', account.debt, coalesce(short.total, 0)) as detail
      from tallystick.user_credit account
      left join (
        select entry.account_id, sum(-entry.amount - coalesce(drawn.total, 0)) as total
        from tallystick.credit_transaction entry
        left join (select transaction_id, sum(amount) as total from tallystick.credit_allocation group by transaction_id) drawn
          on drawn.transaction_id = entry.id
        where entry.type in ('clawback', 'transfer_out') group by entry.account_id) short on short.account_id = account.id
      where account.debt <> coalesce(short.total, 0)`,
  },
  {
    name: "book_is_remaining_less_debt",
    sql: `select account.id as account_id,
        format('current_credits %s, remaining %s, debt %s', account.current_credits, coalesce(lots.remaining, 0), account.debt) as detail
      from tallystick.user_credit account
      left join (select account_id, sum(remaining_amount) as remaining from tallystick.credit_lot group by account_id) lots
        on lots.account_id = account.id
      where account.current_credits <> coalesce(lots.remaining, 0) - account.debt`,
  },
  {
    name: "held_is_sum_of_open_holds",
    sql: `select lot.account_id, format('lot %s holds %s, open holds %s', lot.id, lot.held_amount, coalesce(parts.total, 0)) as detail
      from tallystick.credit_lot lot
      left join (select part.lot_id, sum(part.amount) as total from tallystick.credit_hold_lot part
        join tallystick.credit_hold hold on hold.id = part.hold_id and hold.status = 'open' group by part.lot_id) parts
        on parts.lot_id = lot.id
      where lot.held_amount <> coalesce(parts.total, 0)`,
  },
  {
    name: "hold_is_sum_of_its_parts",
    sql: `select hold.account_id, format('hold %s of %s, parts %s', hold.id, hold.amount, coalesce(sum(part.amount), 0)) as detail
      from tallystick.credit_hold hold left join tallystick.credit_hold_lot part on part.hold_id = hold.id
      group by hold.id, hold.account_id, hold.amount having hold.amount <> coalesce(sum(part.amount), 0)`,
  },
  {
    name: "no_free_credits_beside_debt",
    sql: `select account.id as account_id, format('debt %s while lot %s has %s free', account.debt, lot.id, lot.remaining_amount - lot.held_amount) as detail
      from tallystick.user_credit account
      join tallystick.credit_lot lot on lot.account_id = account.id and lot.open
      where account.debt > 0 and lot.remaining_amount > lot.held_amount
        and (lot.expiration_date is null or lot.expiration_date > tallystick.clock())`,
  },
  {
    name: "refunds_do_not_exceed_their_debit",
    sql: `select debit.account_id, format('entry %s of %s was refunded %s', debit.id, debit.amount, sum(refund.amount)) as detail
      from tallystick.credit_transaction refund join tallystick.credit_transaction debit on debit.id = refund.refund_of_id
      where refund.type in ('refund', 'reinstate') group by debit.id, debit.account_id, debit.amount having sum(refund.amount) > -debit.amount`,
  },
  {
    name: "cached_totals_are_true",
    // One reading of the clock: between two, a cache could come to its end and look false.
    sql: `with moment as materialized (select tallystick.clock() as now)
      select account.id as account_id, format('cached %s/%s/%s until %s, lots say %s/%s/%s until %s', cached_balance, cached_available,
        cached_held, account.next_change_at, totals.balance, totals.available, totals.held, totals.next_change_at) as detail
      from moment cross join tallystick.user_credit account
      cross join lateral tallystick.account_totals(account.id, account.current_credits, account.debt, moment.now) totals
      where account.next_change_at > moment.now
        and ((cached_balance, cached_available, cached_held) is distinct from (totals.balance, totals.available, totals.held)
          or account.next_change_at > totals.next_change_at)`,
  },
];
