import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLedger, plant, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { audit } from "./audit.ts";
import { auditEquations } from "./audit-equations.ts";

let ledger: Ledger;

// Two accounts in which everything occurs: lots, draws, a refund and an open hold in one, a claw-back with debt in the other.
beforeAll(async () => {
  ledger = await openLedger();
  const { grant, consume, enrol } = ledger.credits;
  await grant({ userId: "ann", amount: 100, type: "adjustment", expiresAt: new Date(Date.now() + 3_600_000) });
  await grant({ userId: "ann", amount: 50, type: "adjustment" });
  await consume({ userId: "ann", amount: 110 });
  await enrol({ userId: "ann", planId: "free" });
  await grant({ userId: "deb", amount: 30, type: "adjustment" });
  await plant(
    ledger.url,
    `with debit as (select * from tallystick.credit_transaction where type = 'usage'),
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
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const account = (userId: string): string => `(select id from tallystick.user_credit where user_id = '${userId}')`;
const usage = "(select id from tallystick.credit_transaction where type = 'usage')";
const refund = "(select id from tallystick.credit_transaction where type = 'refund')";

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
    sql: `update tallystick.credit_lot set remaining_amount = amount, open = true where remaining_amount < amount`,
  },
  {
    equation: "lot_remains_what_no_draw_took",
    fault: "a lot that remains after it is closed",
    sql: `alter table tallystick.credit_lot drop constraint credit_lot_open_check; update tallystick.credit_lot set open = false where id = ${refund}`,
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
    equation: "draws_stay_in_their_account",
    fault: "a draw on another account's lot",
    sql: `update tallystick.credit_allocation set lot_id = (select id from tallystick.credit_lot where account_id = ${account("deb")}) where transaction_id = ${usage} and n = 2`,
  },
  {
    equation: "draws_stay_in_their_account",
    fault: "a draw of an entry that is gone",
    sql: `update tallystick.credit_allocation set transaction_id = -1 where transaction_id = ${usage} and n = 2`,
    userId: null,
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
    sql: `update tallystick.credit_hold set status = 'voided', settled_at = now()`,
  },
  {
    equation: "hold_is_sum_of_its_parts",
    fault: "a hold without parts",
    sql: `delete from tallystick.credit_hold_lot`,
  },
  {
    equation: "hold_is_sum_of_its_parts",
    fault: "a hold that is larger than its parts",
    sql: `update tallystick.credit_hold set amount = amount + 1`,
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
];

describe("the audit", () => {
  it("passes over ledgers that are true, and counts the accounts it proved", async () => {
    expect(await ledger.credits.audit()).toEqual({ ok: true, accounts: 2, violations: [] });
  });

  it.each(faults)("finds $fault, as $equation", async ({ equation, sql, userId = "ann" }) => {
    class Undone extends Error {}
    const work = ledger.database.transaction(async (tx) => {
      await tx.query("set local session_replication_role = replica");
      await tx.query(sql);
      const { ok, violations } = await audit({ ...ledger.database, query: tx.query });
      expect(ok).toBe(false);
      const found = violations.filter((violation) => violation.equation === equation);
      expect(found.map((violation) => violation.userId)).toContain(userId);
      expect(found[0]?.detail).toMatch(/\d/);
      throw new Undone();
    });
    await expect(work).rejects.toThrow(Undone);
  });

  it("has a planted fault for every equation", () => {
    expect(new Set(faults.map(({ equation }) => equation))).toEqual(new Set(auditEquations.map(({ name }) => name)));
  });
});
