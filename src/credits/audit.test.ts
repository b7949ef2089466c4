import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Queryable } from "../db/database.ts";
import { openLedger, plant, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { audit, checkEquations, type AuditInput, type AuditProgress } from "./audit.ts";
import { auditEquations } from "./audit/equations.ts";

let ledger: Ledger;

// Accounts in which everything occurs. ann: lots, draws, a refund, an open hold. deb: a claw-back with debt. cap: limits, a
// captured hold, a refunded usage. pay: a purchase of which a third was returned. old: merged into new.
beforeAll(async () => {
  ledger = await openLedger();
  const { grant, consume, enrol, hold, capture, refund, setLimit, settleReturns, merge } = ledger.credits;
  await grant({ userId: "ann", amount: 100, type: "adjustment", expiresAt: new Date(Date.now() + 3_600_000) });
  await grant({ userId: "ann", amount: 50, type: "adjustment" });
  await consume({ userId: "ann", amount: 110 });
  await enrol({ userId: "ann", planId: "free" });
  await grant({ userId: "deb", amount: 30, type: "adjustment" });
  await plant(
    ledger.url,
    `with debit as (select * from tallystick.credit_transaction where type = 'usage' limit 1),
      refund as (insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, operation_id, created_at, type, refund_of_id, refund_draw)
        select account_id, 5, 20, 110, 5, now(), 'refund', id, 1 from debit returning *),
      lot as (insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, held_amount, effective_at)
        select id, account_id, 20, 20, 8, now() from refund),
      hold as (insert into tallystick.credit_hold (account_id, amount, expires_at, created_at)
        select account_id, 8, 'infinity', now() from refund returning id)
      insert into tallystick.credit_hold_lot select hold.id, 1, refund.id, 8 from hold, refund`,
    `with debit as (insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, operation_id, created_at, type)
        select id, 2, -50, -20, 2, now(), 'clawback' from tallystick.user_credit where user_id = 'deb' returning *),
      lot as (update tallystick.credit_lot set remaining_amount = 0, open = false where account_id = (select account_id from debit) returning id)
      insert into tallystick.credit_allocation select debit.id, 1, lot.id, 30, now() from debit, lot`,
    `update tallystick.user_credit set current_credits = 110, seq = 5, next_change_at = '-infinity' where user_id = 'ann'`,
    `update tallystick.user_credit set current_credits = -20, debt = 20, seq = 2, next_change_at = '-infinity' where user_id = 'deb'`,
  );
  await grant({ userId: "cap", amount: 100, type: "adjustment" });
  await consume({ userId: "cap", amount: 5, member: "mia" });
  await setLimit({ userId: "cap", period: "month", amount: 90 });
  await setLimit({ userId: "cap", member: "mia", period: "day", amount: 90, timeZone: "Asia/Shanghai" });
  const held = await hold({ userId: "cap", amount: 20, member: "mia" });
  await capture({ holdId: held.id, amount: 12 });
  await refund({ transactionId: (await consume({ userId: "cap", amount: 7 })).transactionId, amount: 3 });
  await hold({ userId: "cap", amount: 4 });
  await ledger.database.query("select tallystick.grant_credits('pay', 1000, 'purchase_package', p_payment_id => 7)");
  await settleReturns({ paymentId: "7", paid: 999, returned: 666 });
  await settleReturns({ paymentId: "7", paid: 999, returned: 333 });
  await grant({ userId: "old", amount: 9, type: "adjustment" });
  await merge({ fromUserId: "old", toUserId: "new", actor: "test", reason: "one person" });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const account = (userId: string): string => `(select id from tallystick.user_credit where user_id = '${userId}')`;
const usage = "(select min(id) from tallystick.credit_transaction where type = 'usage')";
const refund = "(select min(id) from tallystick.credit_transaction where type = 'refund')";

interface Fault {
  readonly equation: string;
  readonly fault: string;
  readonly sql: string;
  readonly userId?: string | null;
}

const faults: readonly Fault[] = [
  {
    equation: "book_is_sum_of_entries",
    fault: "a credit too many in the book",
    sql: `update tallystick.user_credit set current_credits = current_credits + 1 where user_id = 'ann'`,
  },
  {
    equation: "book_is_sum_of_entries",
    fault: "entries of an account that is gone",
    sql: `delete from tallystick.user_credit where user_id = 'ann'`,
    userId: null,
  },
  {
    equation: "entries_are_numbered_without_gaps",
    fault: "an entry that was cut out of the journal",
    sql: `delete from tallystick.credit_transaction where id = ${usage}`,
  },
  {
    equation: "entries_are_numbered_without_gaps",
    fault: "a last entry that was cut off",
    sql: `delete from tallystick.credit_transaction where id = ${refund}`,
  },
  {
    equation: "balance_after_is_running_sum",
    fault: "a balance that was written over",
    sql: `update tallystick.credit_transaction set balance_after = balance_after - 1 where id = ${usage}`,
  },
  {
    equation: "balance_after_is_running_sum",
    fault: "an amount that was written over",
    sql: `update tallystick.credit_transaction set amount = amount - 1 where id = ${usage}`,
  },
  {
    equation: "positive_entries_are_lots",
    fault: "a grant without its lot",
    sql: `delete from tallystick.credit_lot where id = ${refund}`,
  },
  {
    equation: "positive_entries_are_lots",
    fault: "a lot without its grant",
    sql: `insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at) values (-1, ${account("ann")}, 1, 1, now())`,
  },
  {
    equation: "positive_entries_are_lots",
    fault: "a lot that is larger than its grant",
    sql: `update tallystick.credit_lot set amount = amount + 1 where id = ${refund}`,
  },
  {
    equation: "positive_entries_are_lots",
    fault: "a lot in another account than its grant",
    sql: `update tallystick.credit_lot set account_id = ${account("deb")} where id = ${refund}`,
    userId: "deb",
  },
  {
    equation: "lot_remains_what_no_draw_took",
    fault: "a lot that remains more than its draws left",
    sql: `update tallystick.credit_lot set remaining_amount = amount, open = true where account_id = ${account("ann")} and remaining_amount < amount`,
  },
  {
    equation: "lot_remains_what_no_draw_took",
    fault: "a lot that remains after it is closed",
    sql: `update tallystick.credit_lot set open = false where id = ${refund}`,
  },
  {
    equation: "lot_remains_what_no_draw_took",
    fault: "a lot that holds more than it has",
    sql: `alter table tallystick.credit_lot drop constraint credit_lot_bounds_check; update tallystick.credit_lot set held_amount = 21 where id = ${refund}`,
  },
  {
    equation: "lot_remains_what_no_draw_took",
    fault: "draws on a lot that is gone",
    sql: `delete from tallystick.credit_lot where id = (select min(lot_id) from tallystick.credit_allocation)`,
  },
  {
    equation: "debits_are_drawn",
    fault: "a consumption that nothing paid for",
    sql: `delete from tallystick.credit_allocation where transaction_id = ${usage} and n = 1`,
  },
  {
    equation: "debits_are_drawn",
    fault: "a consumption that was paid for twice",
    sql: `insert into tallystick.credit_allocation select transaction_id, 9, lot_id, amount, now() from tallystick.credit_allocation where transaction_id = ${usage} and n = 2`,
  },
  {
    equation: "debits_are_drawn",
    fault: "a grant that draws",
    sql: `insert into tallystick.credit_allocation values (${refund}, 1, ${refund}, 1, now())`,
  },
  {
    equation: "draws_are_numbered",
    fault: "two draws under one number",
    sql: `update tallystick.credit_allocation set n = 1 where transaction_id = ${usage} and n = 2`,
  },
  {
    equation: "draws_stay_in_their_account",
    fault: "a draw on another account's lot",
    sql: `update tallystick.credit_allocation set lot_id = (select id from tallystick.credit_lot where account_id = ${account("deb")}) where transaction_id = ${usage} and n = 2`,
  },
  {
    equation: "draws_stay_in_their_account",
    fault: "a draw of an entry that is gone",
    sql: `update tallystick.credit_allocation set transaction_id = -1 where transaction_id = ${usage} and n = 2`,
  },
  {
    equation: "debt_is_sum_of_shortfalls",
    fault: "a debt that was forgotten",
    sql: `update tallystick.user_credit set debt = 10, current_credits = -10 where user_id = 'deb'`,
    userId: "deb",
  },
  {
    equation: "debt_is_sum_of_shortfalls",
    fault: "a debt that nothing explains",
    sql: `update tallystick.user_credit set debt = 1 where user_id = 'ann'`,
  },
  {
    equation: "book_is_remaining_less_debt",
    fault: "a lot that lost a credit",
    sql: `update tallystick.credit_lot set remaining_amount = remaining_amount - 1 where id = ${refund}`,
  },
  {
    equation: "held_is_sum_of_open_holds",
    fault: "credits held by nothing",
    sql: `update tallystick.credit_lot set held_amount = held_amount + 1 where id = ${refund}`,
  },
  {
    equation: "held_is_sum_of_open_holds",
    fault: "a settled hold that still holds",
    sql: `update tallystick.credit_hold set status = 'voided', settled_at = now() where account_id = ${account("ann")}`,
  },
  {
    equation: "hold_is_sum_of_its_parts",
    fault: "a hold without parts",
    sql: `delete from tallystick.credit_hold_lot where lot_id = ${refund}`,
  },
  {
    equation: "hold_is_sum_of_its_parts",
    fault: "a hold that is larger than its parts",
    sql: `update tallystick.credit_hold set amount = amount + 1 where account_id = ${account("ann")}`,
  },
  {
    equation: "no_free_credits_beside_debt",
    fault: "a grant that left the debt unpaid",
    sql: `with entry as (insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, operation_id, created_at, type)
        values (${account("deb")}, 3, 5, -15, 3, now(), 'adjustment') returning *),
      book as (update tallystick.user_credit set current_credits = -15, seq = 3 where user_id = 'deb')
      insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at) select id, account_id, 5, 5, now() from entry`,
    userId: "deb",
  },
  {
    equation: "refunds_do_not_exceed_their_debit",
    fault: "more refunded than was spent",
    sql: `with entry as (insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, operation_id, created_at, type, refund_of_id)
        values (${account("ann")}, 6, 91, 201, 6, now(), 'refund', ${usage}) returning *),
      book as (update tallystick.user_credit set current_credits = 201, seq = 6 where user_id = 'ann')
      insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at) select id, account_id, 91, 91, now() from entry`,
  },
  {
    equation: "cached_totals_are_true",
    fault: "a cached balance that is not the lots'",
    sql: `update tallystick.user_credit set cached_balance = 111, cached_available = 102, cached_held = 8, next_change_at = 'infinity' where user_id = 'ann'`,
  },
  {
    equation: "cached_totals_are_true",
    fault: "a cache that would outlive an expiry",
    sql: `update tallystick.user_credit set (cached_balance, cached_available, cached_held, next_change_at) =
        (select balance, available, held, 'infinity'::timestamptz from tallystick.account_totals(id, current_credits, debt, now())) where user_id = 'ann'`,
  },
  {
    equation: "debt_is_sum_of_shortfalls",
    fault: "an account that is gone and left debt",
    sql: `delete from tallystick.user_credit where user_id = 'deb'`,
    userId: null,
  },
  {
    equation: "balance_after_is_running_sum",
    fault: "two entries that changed places",
    sql: `drop index tallystick.credit_transaction_account_seq_key;
      update tallystick.credit_transaction set seq = 3 - seq where account_id = ${account("ann")} and seq in (1, 2)`,
  },
  {
    equation: "balance_after_is_running_sum",
    fault: "two balances that were altered by the same sum",
    sql: `update tallystick.credit_transaction set balance_after = balance_after + case seq when 1 then 5 else -5 end
      where account_id = ${account("ann")} and seq in (1, 2)`,
  },
  {
    equation: "entries_are_numbered_without_gaps",
    fault: "two entries of one number",
    sql: `drop index tallystick.credit_transaction_account_seq_key;
      update tallystick.credit_transaction set seq = 2 where account_id = ${account("ann")} and seq = 3`,
  },
  {
    equation: "book_is_remaining_less_debt",
    fault: "a debt that was raised",
    sql: `update tallystick.user_credit set debt = debt + 1 where user_id = 'deb'`,
    userId: "deb",
  },
  {
    equation: "draws_stay_in_their_account",
    fault: "two draws that were exchanged between accounts",
    sql: `with pair as (select draw.transaction_id, draw.n, draw.lot_id, entry.account_id, row_number() over (order by draw.transaction_id) as i
        from tallystick.credit_allocation draw join tallystick.credit_transaction entry on entry.id = draw.transaction_id
        where (entry.account_id = ${account("ann")} and draw.n = 2) or (entry.account_id = ${account("cap")} and entry.amount = -7))
      update tallystick.credit_allocation draw set lot_id = other.lot_id from pair mine, pair other
      where draw.transaction_id = mine.transaction_id and draw.n = mine.n and other.i <> mine.i`,
  },
  {
    equation: "held_is_sum_of_open_holds",
    fault: "a hold that another account's lot backs",
    sql: `update tallystick.credit_hold_lot set lot_id = (select min(id) from tallystick.credit_lot where account_id = ${account("cap")})
      where lot_id = ${refund}`,
  },
  {
    equation: "captures_are_debits",
    fault: "a capture that says more than its debit",
    sql: `update tallystick.credit_hold set captured_amount = captured_amount + 1 where status = 'captured'`,
    userId: "cap",
  },
  {
    equation: "captures_are_debits",
    fault: "a capture without a debit",
    sql: `update tallystick.credit_hold set capture_transaction_id = null where status = 'captured'`,
    userId: "cap",
  },
  {
    equation: "captures_are_debits",
    fault: "a void hold that captured",
    sql: `update tallystick.credit_hold set status = 'voided' where status = 'captured'`,
    userId: "cap",
  },
  {
    equation: "refunds_do_not_exceed_their_debit",
    fault: "a refund of an entry that is gone",
    sql: `update tallystick.credit_transaction set refund_of_id = -5 where id = ${refund}`,
  },
  {
    equation: "refunds_do_not_exceed_their_debit",
    fault: "a refund of a grant",
    sql: `update tallystick.credit_transaction set refund_of_id = (select min(id) from tallystick.credit_transaction), refund_draw = null where id = ${refund}`,
  },
  {
    equation: "refunds_do_not_exceed_their_draw",
    fault: "a draw that gave back more than it took",
    sql: `update tallystick.credit_transaction set refund_draw = 2 where id = ${refund}`,
  },
  {
    equation: "clawed_back_is_what_was_returned",
    fault: "a return that was told and not settled",
    sql: `update tallystick.credit_return set returned_amount = 999`,
    userId: "pay",
  },
  {
    equation: "clawed_back_is_what_was_returned",
    fault: "a claw-back for nothing that was returned",
    sql: `delete from tallystick.credit_return`,
    userId: "pay",
  },
  {
    equation: "clawed_back_is_what_was_returned",
    fault: "a reinstatement that belongs to nothing",
    sql: `update tallystick.credit_transaction set refund_of_id = null where type = 'reinstate'`,
    userId: "pay",
  },
  {
    equation: "counters_are_spending",
    fault: "a counter that forgot a debit",
    sql: `update tallystick.credit_spend_counter set amount = amount - 1`,
    userId: "cap",
  },
  {
    equation: "counters_are_spending",
    fault: "a counter that is gone",
    sql: `delete from tallystick.credit_spend_counter`,
    userId: "cap",
  },
  {
    equation: "counters_are_spending",
    fault: "a counter in another period",
    sql: `update tallystick.credit_spend_counter set period_start = period_start + 31`,
    userId: "cap",
  },
  {
    equation: "cached_totals_are_true",
    fault: "a cache that would outlive a hold",
    sql: `update tallystick.user_credit set next_change_at = 'infinity' where user_id = 'cap'`,
    userId: "cap",
  },
  {
    equation: "aliases_are_empty",
    fault: "an alias that has credits",
    sql: `update tallystick.user_credit set current_credits = 3 where user_id = 'old'`,
    userId: "old",
  },
  {
    equation: "aliases_are_empty",
    fault: "two accounts that are merged into each other",
    sql: `update tallystick.user_credit set merged_into_id = ${account("old")} where user_id = 'new'`,
    userId: "old",
  },
  {
    equation: "rows_have_their_owners",
    fault: "a lot that no entry made",
    sql: `insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, effective_at, open) values (-1, ${account("ann")}, 1, 0, now(), false)`,
  },
  {
    equation: "rows_have_their_owners",
    fault: "a draw that no entry made",
    sql: `insert into tallystick.credit_allocation values (-1, 1, ${refund}, 1, now())`,
    userId: null,
  },
  {
    equation: "rows_have_their_owners",
    fault: "entries of nobody",
    sql: `delete from tallystick.user_credit where user_id = 'ann'`,
    userId: null,
  },
  {
    equation: "rows_have_their_owners",
    fault: "parts of a hold that is gone",
    sql: `delete from tallystick.credit_hold where account_id = ${account("ann")}`,
    userId: null,
  },
];

/** The ledger as one transaction sees it. */
function within(tx: Queryable): typeof ledger.database {
  return { ...ledger.database, query: tx.query, transaction: async (work) => work(tx) };
}

/** Plants a fault, looks, and takes it out again. */
async function withFault(sql: string, look: (tx: Queryable) => Promise<void>): Promise<void> {
  class Undone extends Error {}
  const work = ledger.database.transaction(async (tx) => {
    await tx.query("set local session_replication_role = replica");
    await tx.query(sql);
    await look(tx);
    throw new Undone();
  });
  await expect(work).rejects.toThrow(Undone);
}

// What else a fault breaks, of necessity.
const alsoBroken: Readonly<Record<string, readonly string[]>> = {
  "a credit too many in the book": ["book_is_remaining_less_debt"],
  "entries of an account that is gone": ["entries_are_numbered_without_gaps", "rows_have_their_owners"],
  "an entry that was cut out of the journal": [
    "balance_after_is_running_sum",
    "book_is_sum_of_entries",
    "draws_stay_in_their_account",
    "refunds_do_not_exceed_their_debit",
    "rows_have_their_owners",
  ],
  "a last entry that was cut off": ["book_is_sum_of_entries", "positive_entries_are_lots", "rows_have_their_owners"],
  "an amount that was written over": ["book_is_sum_of_entries", "debits_are_drawn"],
  "a grant without its lot": ["book_is_remaining_less_debt", "held_is_sum_of_open_holds"],
  "a lot without its grant": ["book_is_remaining_less_debt", "rows_have_their_owners"],
  "a lot that is larger than its grant": ["lot_remains_what_no_draw_took"],
  "a lot in another account than its grant": [
    "book_is_remaining_less_debt",
    "held_is_sum_of_open_holds",
    "no_free_credits_beside_debt",
  ],
  "a lot that remains more than its draws left": ["book_is_remaining_less_debt"],
  "a lot that holds more than it has": ["held_is_sum_of_open_holds"],
  "draws on a lot that is gone": ["draws_stay_in_their_account", "positive_entries_are_lots"],
  "two draws under one number": ["refunds_do_not_exceed_their_draw"],
  "a consumption that nothing paid for": [
    "draws_are_numbered",
    "lot_remains_what_no_draw_took",
    "refunds_do_not_exceed_their_draw",
  ],
  "a consumption that was paid for twice": ["draws_are_numbered", "lot_remains_what_no_draw_took"],
  "a grant that draws": ["draws_stay_in_their_account", "lot_remains_what_no_draw_took"],
  "a draw on another account's lot": ["lot_remains_what_no_draw_took"],
  "a draw of an entry that is gone": ["debits_are_drawn", "rows_have_their_owners"],
  "a debt that was forgotten": ["book_is_sum_of_entries"],
  "a debt that nothing explains": ["book_is_remaining_less_debt", "no_free_credits_beside_debt"],
  "a lot that lost a credit": ["lot_remains_what_no_draw_took"],
  "a hold without parts": ["held_is_sum_of_open_holds"],
  "an account that is gone and left debt": [
    "book_is_sum_of_entries",
    "entries_are_numbered_without_gaps",
    "rows_have_their_owners",
  ],
  "a debt that was raised": ["debt_is_sum_of_shortfalls"],
  "two draws that were exchanged between accounts": ["lot_remains_what_no_draw_took"],
  "an alias that has credits": ["book_is_remaining_less_debt", "book_is_sum_of_entries", "cached_totals_are_true"],
  "a lot that no entry made": ["lot_remains_what_no_draw_took", "positive_entries_are_lots"],
  "a draw that no entry made": ["draws_stay_in_their_account", "lot_remains_what_no_draw_took"],
  "entries of nobody": ["book_is_sum_of_entries", "entries_are_numbered_without_gaps"],
  "parts of a hold that is gone": ["held_is_sum_of_open_holds"],
};

describe("the audit", () => {
  it("passes over ledgers that are true, and counts the accounts it proved", async () => {
    expect(await ledger.credits.audit()).toEqual({ ok: true, accounts: 6, violations: [] });
  });

  it.each(faults)("finds $fault, as $equation", async ({ equation, fault, sql, userId = "ann" }) => {
    await withFault(sql, async (tx) => {
      const { ok, violations } = await audit(within(tx));
      expect(ok).toBe(false);
      const found = violations.filter((violation) => violation.equation === equation);
      expect(found.map((violation) => violation.userId)).toContain(userId);
      expect(found[0]?.detail).toMatch(/\d/);
      expect([...new Set(violations.map((violation) => violation.equation))].toSorted()).toEqual(
        [equation, ...(alsoBroken[fault] ?? [])].toSorted(),
      );
    });
  });

  it("names what a violation concerns, with the stored figure and the true one", async () => {
    await withFault("update tallystick.credit_lot set remaining_amount = 15 where id = " + refund, async (tx) => {
      const { violations } = await audit(within(tx), { equations: ["3"] });
      const [lot] = await tx.query<{ id: string; account_id: string }>(
        `select id::text, account_id::text from tallystick.credit_lot where id = ${refund}`,
      );
      expect(violations).toEqual([
        {
          equation: "lot_remains_what_no_draw_took",
          number: 3,
          userId: "ann",
          unit: "credit",
          accountId: lot?.account_id,
          entryId: null,
          lotId: lot?.id,
          holdId: null,
          paymentId: null,
          limitId: null,
          actual: 15,
          expected: 20,
          detail: `lot ${lot?.id} of 20 remains 15 (held 8), draws took 0`,
        },
      ]);
    });
  });

  it.each(faults)(
    "finds $fault also when it walks over ranges of accounts and entries",
    async ({ equation, fault, sql }) => {
      await withFault(sql, async (tx) => {
        const range = { from: -10, to: 1_000 };
        const found = new Set<string>();
        for (const group of auditEquations) {
          for (const violation of await checkEquations(tx, group, range, 100)) found.add(violation.equation);
        }
        expect([...found].filter((name) => name !== equation && !alsoBroken[fault]?.includes(name))).toEqual([]);
        // What has lost its owner is in no account's range: it is found by what it should have belonged to.
        expect(found.size).toBeGreaterThan(0);
      });
    },
  );

  it("looks at one account, at some equations, or at a range of accounts", async () => {
    const fault = "update tallystick.user_credit set current_credits = current_credits + 1, debt = debt + 1";
    await withFault(fault, async (tx) => {
      const names = async (input: AuditInput): Promise<string[]> =>
        (await audit(within(tx), input)).violations.map(({ userId, equation }) => `${userId} ${equation}`);
      expect(await names({ userId: "pay", equations: ["book_is_sum_of_entries"] })).toEqual([
        "pay book_is_sum_of_entries",
      ]);
      expect(await names({ userId: "pay", unit: "token" })).toEqual([]);
      expect(await names({ equations: ["book_is_sum_of_entries"] })).toHaveLength(6);
      expect(await names({ equations: ["1"], limit: 2 })).toHaveLength(2);
      const [ann] = await tx.query<{ id: string }>(`select ${account("ann")}::text as id`);
      const accountIds = { from: String(ann?.id), to: String(ann?.id) };
      expect(await names({ accountIds, equations: ["1", "12"] })).toEqual(["ann book_is_sum_of_entries"]);
    });
    await expect(ledger.credits.audit({ equations: ["99"] })).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("tells its progress: which equations, how far, over how many rows", async () => {
    const told: AuditProgress[] = [];
    await ledger.credits.audit({ onProgress: (progress) => told.push(progress) });
    expect(told.filter(({ done }) => done).map(({ step }) => step)).toEqual(
      auditEquations.map((_, index) => index + 1),
    );
    expect(new Set(told.flatMap(({ equations }) => equations))).toEqual(
      new Set(auditEquations.flatMap(({ names }) => names)),
    );
    expect(new Set(told.map(({ steps }) => steps))).toEqual(new Set([auditEquations.length]));
  });

  it("runs where nothing can be written", async () => {
    const modes: unknown[] = [];
    const look = async (tx: Queryable): Promise<void> => {
      modes.push(...(await tx.query("select current_setting('transaction_read_only') as mode")));
    };
    await audit({
      ...ledger.database,
      transaction: async (work) =>
        ledger.database.transaction(async (tx) => {
          const result = await work(tx);
          await look(tx);
          return result;
        }),
    });
    expect(modes).toEqual(auditEquations.map(() => ({ mode: "on" })));
  });

  it("has planted faults for every equation", () => {
    expect(new Set(faults.map(({ equation }) => equation))).toEqual(
      new Set(auditEquations.flatMap(({ names }) => names)),
    );
  });
});
