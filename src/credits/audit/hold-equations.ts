// The equations of holds, debt, refunds and returns.
import type { Equations } from "./equation.ts";

export const holdEquations: readonly Equations[] = [
  {
    number: 6,
    names: ["held_is_sum_of_open_holds", "hold_is_sum_of_its_parts", "captures_are_debits"],
    reads: ["credit_lot", "credit_hold_lot", "credit_hold"],
    sql: ({ lots, holds }) => `
      with part as (
        select hold.id, hold.account_id, hold.status, part.lot_id, part.amount
        from ${holds} hold join tallystick.credit_hold_lot part on part.hold_id = hold.id
      )
      select 'held_is_sum_of_open_holds' as equation, coalesce(lot.account_id, parts.account_id) as account_id,
        jsonb_build_object('lotId', coalesce(lot.id, parts.lot_id)::text, 'holdId', parts.hold_id::text,
          'actual', lot.held_amount, 'expected', coalesce(parts.total, 0)) as subject,
        format('lot %s holds %s, open holds %s', coalesce(lot.id, parts.lot_id), lot.held_amount, coalesce(parts.total, 0)) as detail
      from (select id, account_id, held_amount from ${lots} lot where held_amount <> 0) lot
      full join (select lot_id, account_id, sum(amount) as total, min(id) as hold_id from part where status = 'open'
        group by lot_id, account_id) parts on parts.lot_id = lot.id and parts.account_id = lot.account_id
      where lot.held_amount is distinct from coalesce(parts.total, 0)
      union all
      select 'hold_is_sum_of_its_parts', hold.account_id,
        jsonb_build_object('holdId', hold.id::text, 'actual', hold.amount, 'expected', coalesce(parts.total, 0)),
        format('hold %s of %s, parts %s', hold.id, hold.amount, coalesce(parts.total, 0))
      from ${holds} hold left join (select id, sum(amount) as total from part group by id) parts on parts.id = hold.id
      where hold.amount <> coalesce(parts.total, 0)
      union all
      select 'captures_are_debits', hold.account_id,
        jsonb_build_object('holdId', hold.id::text, 'entryId', hold.capture_transaction_id::text,
          'actual', hold.captured_amount, 'expected', -entry.amount),
        format('hold %s of %s is %s with %s captured, entry %s debits %s', hold.id, hold.amount, hold.status,
          hold.captured_amount, hold.capture_transaction_id, -entry.amount)
      from ${holds} hold left join tallystick.credit_transaction entry on entry.id = hold.capture_transaction_id
      where hold.status = 'captured' and (entry.id is null or entry.type <> 'usage' or entry.account_id <> hold.account_id
          or -entry.amount <> hold.captured_amount)
        or hold.status <> 'captured' and (hold.captured_amount <> 0 or hold.capture_transaction_id is not null)
        or hold.captured_amount > hold.amount`,
  },
  {
    number: 7,
    names: ["no_free_credits_beside_debt"],
    reads: ["user_credit", "credit_lot"],
    sql: ({ accounts }) => `
      select 'no_free_credits_beside_debt' as equation, account.id as account_id,
        jsonb_build_object('lotId', lot.id::text, 'actual', lot.remaining_amount - lot.held_amount, 'expected', 0) as subject,
        format('debt %s while lot %s has %s free', account.debt, lot.id, lot.remaining_amount - lot.held_amount) as detail
      from ${accounts} account
      join tallystick.credit_lot lot on lot.account_id = account.id and lot.open
      where account.debt > 0 and lot.remaining_amount > lot.held_amount
        and (lot.expiration_date is null or lot.expiration_date > (select tallystick.clock()))`,
  },
  {
    number: 8,
    names: [
      "refunds_do_not_exceed_their_debit",
      "refunds_do_not_exceed_their_draw",
      "clawed_back_is_what_was_returned",
    ],
    reads: ["credit_transaction", "credit_return"],
    // Refunds of one debit, its draws and a payment's entries may lie in several accounts that were merged: a range looks
    // at every debit and payment that an entry of its accounts names, with all of theirs.
    sql: ({ journal, range }) => `
      with named as (
        select refund_of_id, refund_draw, type, amount from ${
          range === undefined
            ? "tallystick.credit_transaction"
            : `(select entry.* from (select distinct refund_of_id as id from ${journal} refund where refund_of_id is not null) debit
                join tallystick.credit_transaction entry on entry.refund_of_id = debit.id)`
        } entry where refund_of_id is not null
      ), given_back as (
        select refund_of_id, refund_draw, sum(amount) as total from named where type in ('refund', 'reinstate')
        group by refund_of_id, refund_draw
      ), of_payment as (
        select entry.payment_id, account.unit,
          coalesce(sum(entry.amount) filter (where entry.amount > 0 and entry.refund_of_id is null
            and entry.type not in ('refund', 'reinstate', 'rollover', 'transfer_in')), 0) as granted,
          coalesce(sum(-entry.amount) filter (where entry.type = 'clawback'), 0) as clawed,
          coalesce(sum(reinstated.total) filter (where entry.type = 'clawback'), 0) as reinstated
        from ${
          range === undefined
            ? "tallystick.credit_transaction"
            : `(select entry.* from (select distinct payment_id as id from ${journal} entry where payment_id is not null) payment
                join tallystick.credit_transaction entry on entry.payment_id = payment.id)`
        } entry
        join tallystick.user_credit account on account.id = entry.account_id
        left join (select refund_of_id, sum(amount) as total from named where type = 'reinstate' group by refund_of_id) reinstated
          on reinstated.refund_of_id = entry.id
        where entry.payment_id is not null group by entry.payment_id, account.unit
      ), target as (
        select of_payment.*, clawed - reinstated as kept, case
            when coalesce(money.returned_amount, 0) = 0 then 0
            when money.returned_amount = money.paid_amount then granted
            else floor(granted * money.returned_amount / money.paid_amount) end as target
        from of_payment left join tallystick.credit_return money on money.payment_id = of_payment.payment_id
      )
      select 'refunds_do_not_exceed_their_debit' as equation, coalesce(debit.account_id, refund.account_id) as account_id,
        jsonb_build_object('entryId', given.id::text, 'actual', given.total, 'expected', greatest(-debit.amount, 0)) as subject,
        format('entry %s of %s was refunded %s', given.id, debit.amount, given.total) as detail
      from (select refund_of_id as id, sum(total) as total from given_back group by refund_of_id) given
      left join tallystick.credit_transaction debit on debit.id = given.id
      left join lateral (select account_id from tallystick.credit_transaction where refund_of_id = given.id limit 1) refund
        on debit.id is null
      where debit.id is null or given.total > -debit.amount
      union all
      select 'refunds_do_not_exceed_their_draw', debit.account_id,
        jsonb_build_object('entryId', debit.id::text, 'lotId', draw.lot_id::text, 'actual', given.total,
          'expected', coalesce(draw.amount, 0)),
        format('draw %s of entry %s took %s and was given back %s', given.refund_draw, debit.id, draw.amount, given.total)
      from given_back given join tallystick.credit_transaction debit on debit.id = given.refund_of_id
      left join tallystick.credit_allocation draw on draw.transaction_id = given.refund_of_id and draw.n = given.refund_draw
      where given.refund_draw is not null and given.total > coalesce(draw.amount, 0)
      union all
      select 'clawed_back_is_what_was_returned', first.account_id,
        jsonb_build_object('paymentId', target.payment_id::text, 'actual', kept, 'expected', target),
        format('payment %s granted %s, returns take %s, clawed back %s', target.payment_id, granted, target, kept)
      from target left join lateral (select entry.account_id from tallystick.credit_transaction entry
        join tallystick.user_credit account on account.id = entry.account_id and account.unit = target.unit
        where entry.payment_id = target.payment_id order by entry.id limit 1) first on true
      where kept <> target or kept < 0 or kept > granted`,
  },
];
