// The repair plan: what it proposes mends the ledger; where the figures leave a choice it proposes nothing.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLedger, plant, type Ledger } from "../../../test/properties/ledger-fixture.ts";

let ledger: Ledger;
beforeEach(async () => {
  ledger = await openLedger();
  const { grant, consume, hold, setLimit, settleReturns } = ledger.credits;
  await setLimit({ userId: "ann", period: "month", amount: 1_000 });
  await grant({ userId: "ann", amount: 100, type: "adjustment" });
  await consume({ userId: "ann", amount: 30 });
  await hold({ userId: "ann", amount: 5 });
  await consume({ userId: "ann", amount: 10 });
  await ledger.database.query("select tallystick.grant_credits('deb', 50, 'purchase_package', p_payment_id => 7)");
  await consume({ userId: "deb", amount: 20 });
  await settleReturns({ paymentId: "7", paid: 100, returned: 100 });
});
afterEach(async () => ledger[Symbol.asyncDispose]());

const ann = "(select id from tallystick.user_credit where user_id = 'ann')";
const noCache = `update tallystick.user_credit set next_change_at = '-infinity' where user_id = 'ann'`;

const mendable: readonly (readonly [fault: string, sql: string])[] = [
  ["a book that was altered", "update tallystick.user_credit set current_credits = 61 where user_id = 'ann'"],
  ["a counter of entries that was altered", "update tallystick.user_credit set seq = 9 where user_id = 'ann'"],
  [
    "a balance_after that was altered",
    `update tallystick.credit_transaction set balance_after = 71 where account_id = ${ann} and seq = 2`,
  ],
  ["what remains of a lot", `update tallystick.credit_lot set remaining_amount = 61 where account_id = ${ann}`],
  ["a debt that was altered", "update tallystick.user_credit set debt = 21 where user_id = 'deb'"],
  ["what is held of a lot", `update tallystick.credit_lot set held_amount = 6 where account_id = ${ann}`],
  ["a spend counter", "update tallystick.credit_spend_counter set amount = 1"],
  ["cached totals", "update tallystick.user_credit set cached_available = 99 where user_id = 'ann'"],
];

const undecided: readonly (readonly [fault: string, sql: readonly string[]])[] = [
  ["an entry that was removed", [`delete from tallystick.credit_transaction where account_id = ${ann} and seq = 2`]],
  [
    "a book that disagrees with a journal whose amount was altered",
    [`update tallystick.credit_transaction set amount = -31 where account_id = ${ann} and seq = 2`, noCache],
  ],
  ["a grant without its lot", [`delete from tallystick.credit_lot where account_id = ${ann}`, noCache]],
  [
    "a debit that lost its draw",
    [
      `delete from tallystick.credit_allocation where transaction_id = (select max(id) from tallystick.credit_transaction where account_id = ${ann})`,
    ],
  ],
  [
    "what is held, when nothing else says how much",
    [`update tallystick.credit_lot set held_amount = 6 where account_id = ${ann}`, noCache],
  ],
];

async function contents(): Promise<unknown> {
  return ledger.database.query(
    `select (select jsonb_agg(to_jsonb(a) - 'updated_at' order by id) from tallystick.user_credit a) as accounts,
       (select jsonb_agg(e order by id) from tallystick.credit_transaction e) as entries,
       (select jsonb_agg(l order by id) from tallystick.credit_lot l) as lots,
       (select jsonb_agg(c order by limit_id) from tallystick.credit_spend_counter c) as counters`,
  );
}

describe("the repair plan", () => {
  it("of a true ledger is empty", async () => {
    expect(await ledger.credits.repairPlan()).toMatchObject({ audit: { ok: true }, repairs: [] });
  });

  it.each(mendable)("mends %s: its statements leave a true ledger, and it runs none of them itself", async (_, sql) => {
    await plant(ledger.url, sql);
    const before = await contents();
    const { audit, repairs } = await ledger.credits.repairPlan();
    expect(audit.ok).toBe(false);
    expect(await contents()).toEqual(before);
    const statements = repairs.flatMap((repair) => repair.statements);
    expect(statements.length).toBeGreaterThan(0);
    for (const { because } of repairs) expect(because.join(" ")).toMatch(/\S/);
    for (const statement of statements) await ledger.database.query(statement);
    // What was no fault of its own went with it; the cache that the lots had made false is made anew.
    expect((await ledger.credits.repairPlan()).audit.violations).toEqual([]);
  });

  it.each(undecided)("proposes nothing for %s, and says why", async (_, statements) => {
    await plant(ledger.url, ...statements);
    const { audit, repairs } = await ledger.credits.repairPlan();
    expect(audit.ok).toBe(false);
    for (const { statements: proposed, operation, because } of repairs) {
      expect([proposed, operation]).toEqual([[], null]);
      expect(because.join(" ")).toMatch(/\S/);
    }
  });

  it("names the settlement that a return still needs", async () => {
    await plant(ledger.url, "update tallystick.credit_return set returned_amount = 50");
    const { repairs } = await ledger.credits.repairPlan({ equations: ["8"] });
    expect(repairs.map(({ operation }) => operation)).toEqual([
      'credits.settleReturns({ paymentId: "7", paid: 100, returned: 50 })',
    ]);
    await ledger.credits.settleReturns({ paymentId: "7", paid: 100, returned: 50 });
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });
});
