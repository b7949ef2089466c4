import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeAudited, hour, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { refusal } from "../../test/properties/refusal.ts";
import { enrolForFact } from "./enrol.ts";
import { grantForFact } from "./grant.ts";

const start = new Date("2026-03-01T12:00:00Z");
let ledger: Ledger;
let facts = 0;

beforeEach(async () => {
  ledger = await openLedger({ now: start });
});
afterEach(async () => closeAudited(ledger));

const buy = async (amount: number, input: { paymentId?: number; userId?: string; validDays?: number } = {}) => {
  facts += 1;
  const { paymentId = 1, userId = "ann", validDays = null } = input;
  const fact = { type: "purchase_package", provider: "stripe", fact: `pack${facts}`, description: "pack" } as const;
  return ledger.database.transaction(async (tx) => grantForFact(tx, { userId, amount, validDays, paymentId, ...fact }));
};
const settle = async (
  paid: number,
  returned: number,
  input: { paymentId?: string; policy?: "debt" | "forgive" } = {},
) => ledger.credits.settleReturns({ paymentId: "1", paid, returned, ...input });
const shown = async (userId = "ann"): Promise<readonly number[]> => {
  const { balance, available, held, debt } = await ledger.credits.balance({ userId });
  return [balance, available, held, debt];
};
const journal = async (): Promise<unknown[]> =>
  (
    await ledger.database.query<{ line: string }>(
      "select type || ' ' || amount as line from tallystick.credit_transaction order by id",
    )
  ).map(({ line }) => line);

describe("settleReturns", () => {
  it("takes back floor(granted × returned / paid), and follows what was told in any direction", async () => {
    await buy(1000);
    expect(await settle(999, 333)).toEqual({ clawedBack: 333, reinstated: 0, forgiven: 0 });
    expect(await settle(999, 666)).toMatchObject({ clawedBack: 333 });
    expect(await settle(999, 333)).toEqual({ clawedBack: 0, reinstated: 333, forgiven: 0 }); // a refund failed
    expect(await settle(999, 999)).toMatchObject({ clawedBack: 667 }); // a dispute over the whole
    expect(await shown()).toEqual([0, 0, 0, 0]);
    expect(await settle(999, 333)).toMatchObject({ reinstated: 667 }); // won
    expect(await shown()).toEqual([667, 667, 0, 0]);
  });

  it("told the same again changes nothing", async () => {
    await buy(1000);
    await settle(999, 333);
    const before = await journal();
    expect(await settle(999, 333)).toEqual({ clawedBack: 0, reinstated: 0, forgiven: 0 });
    expect(await journal()).toEqual(before);
  });

  it("counts more than was paid as all of it, and nothing of a payment of nothing", async () => {
    await buy(10);
    expect(await settle(5, 7)).toMatchObject({ clawedBack: 10 });
    await buy(10, { paymentId: 2, userId: "bob" });
    expect(await settle(0, 0, { paymentId: "2" })).toMatchObject({ clawedBack: 0 });
  });

  it("of a payment that granted nothing does nothing yet, and settles the grant that comes later", async () => {
    expect(await settle(100, 50)).toMatchObject({ clawedBack: 0 });
    await buy(10);
    expect(await shown()).toEqual([5, 5, 0, 0]);
    expect(await journal()).toEqual(["purchase_package 10", "clawback -5"]);
  });

  it("draws on the payment's own lots first, live before pending, then on the account's others", async () => {
    await ledger.credits.grant({ userId: "ann", amount: 50, type: "adjustment", priority: 0 });
    await buy(100);
    await ledger.credits.consume({ userId: "ann", amount: 50 + 30 });
    await ledger.credits.grant({ userId: "ann", amount: 50, type: "adjustment", priority: 0 });
    await ledger.credits.grant({
      userId: "ann",
      amount: 15,
      type: "adjustment",
      priority: 0,
      effectiveAt: new Date(start.getTime() + hour),
    });
    await settle(100, 80);
    expect(await shown()).toEqual([40, 40, 0, 0]);
    await settle(100, 100);
    expect(await shown()).toEqual([20, 20, 0, 0]);
    await ledger.credits.consume({ userId: "ann", amount: 15 });
    await buy(30, { paymentId: 2 });
    await ledger.credits.consume({ userId: "ann", amount: 30 });
    await settle(100, 100, { paymentId: "2" });
    expect(await shown()).toEqual([-10, 0, 0, 10]);
  });

  it("leaves what was spent as debt, which the next grant pays first", async () => {
    await buy(100);
    await ledger.credits.consume({ userId: "ann", amount: 70 });
    await settle(10, 10);
    expect(await shown()).toEqual([-70, 0, 0, 70]);
    expect(await refusal(ledger.credits.consume({ userId: "ann", amount: 1 }))).toBe("insufficient_credits");
    expect(await ledger.credits.grant({ userId: "ann", amount: 30, type: "adjustment" })).toMatchObject({
      balance: -40,
      available: 0,
    });
    expect(await buy(100, { paymentId: 2 })).toMatchObject({ balance: 60, available: 60 });
    expect(await shown()).toEqual([60, 60, 0, 0]);
  });

  it("pays debt from a pending lot too, which is smaller when its time comes", async () => {
    await buy(100);
    await ledger.credits.consume({ userId: "ann", amount: 70 });
    await settle(10, 10);
    const effectiveAt = new Date(start.getTime() + hour);
    await ledger.credits.grant({ userId: "ann", amount: 100, type: "adjustment", effectiveAt });
    expect(await shown()).toEqual([0, 0, 0, 0]);
    pass(ledger, hour);
    expect(await shown()).toEqual([30, 30, 0, 0]);
  });

  it("cancels the debt first when it is put back, then gives back what was drawn", async () => {
    await buy(100);
    await ledger.credits.consume({ userId: "ann", amount: 70 });
    await settle(10, 10);
    expect(await settle(10, 0)).toMatchObject({ reinstated: 100 });
    expect(await shown()).toEqual([30, 30, 0, 0]);
  });

  it("forgives what was spent already, and gives nobody spent credits twice when the dispute is won", async () => {
    await buy(100);
    await ledger.credits.consume({ userId: "ann", amount: 70 });
    expect(await settle(10, 10, { policy: "forgive" })).toEqual({ clawedBack: 100, reinstated: 0, forgiven: 70 });
    expect(await shown()).toEqual([0, 0, 0, 0]);
    expect(await settle(10, 0, { policy: "forgive" })).toMatchObject({ reinstated: 100 });
    expect(await shown()).toEqual([30, 30, 0, 0]);
    expect(await journal()).toEqual([
      "purchase_package 100",
      "usage -70",
      "clawback -100",
      "adjustment 70",
      "reinstate 70",
      "adjustment -70",
      "reinstate 30",
    ]);
  });

  it("forgives nothing that is only held: what its hold gives back pays for the claw-back", async () => {
    await buy(100);
    const { id: holdId } = await ledger.credits.hold({ userId: "ann", amount: 100 });
    expect(await settle(10, 10, { policy: "forgive" })).toEqual({ clawedBack: 100, reinstated: 0, forgiven: 0 });
    await ledger.credits.void({ holdId });
    expect(await shown()).toEqual([0, 0, 0, 0]);
  });

  it("pays debt from live lots before pending ones when a hold is voided", async () => {
    await buy(100);
    await ledger.credits.consume({ userId: "ann", amount: 60 });
    const { id: holdId } = await ledger.credits.hold({ userId: "ann", amount: 40 });
    await settle(10, 10);
    expect(await shown()).toEqual([-60, 0, 40, 100]);
    await ledger.credits.void({ holdId });
    expect(await shown()).toEqual([-60, 0, 0, 60]);
    const effectiveAt = new Date(start.getTime() + hour);
    await ledger.credits.grant({ userId: "ann", amount: 50, type: "adjustment", effectiveAt });
    expect(await shown()).toEqual([-10, 0, 0, 10]);
  });

  it("is refused where it would put back more than a balance can hold, and what was told is forgotten", async () => {
    await buy(Number.MAX_SAFE_INTEGER);
    await settle(10, 10);
    await ledger.credits.grant({ userId: "ann", amount: 5, type: "adjustment" });
    expect(await refusal(settle(10, 0))).toBe("balance_limit");
    expect(await shown()).toEqual([5, 5, 0, 0]);
    await ledger.credits.consume({ userId: "ann", amount: 5 });
    expect(await settle(10, 0)).toMatchObject({ reinstated: Number.MAX_SAFE_INTEGER });
  });

  it("does not let a forgiveness that was taken off again be refunded", async () => {
    await buy(100);
    await ledger.credits.consume({ userId: "ann", amount: 80 });
    await settle(10, 10, { policy: "forgive" });
    await settle(10, 0, { policy: "forgive" });
    const [taken] = await ledger.database.query<{ id: number }>(
      "select id from tallystick.credit_transaction where type = 'adjustment' and amount < 0",
    );
    expect(await refusal(ledger.credits.refund({ transactionId: String(taken?.id) }))).toBe("invalid_state");
    expect(await shown()).toEqual([20, 20, 0, 0]);
  });

  it("is refused in a transaction that would not see what a grant beside it wrote", async () => {
    await ledger.database.transaction(async (tx) => {
      await tx.query("rollback");
      await tx.query("begin isolation level repeatable read");
      const settled = ledger.credits.settleReturns({ paymentId: "1", paid: 10, returned: 10 }, { tx });
      expect(await refusal(settled)).toBe("invalid_state");
      await tx.query("rollback");
      await tx.query("begin");
    });
  });

  it("finds an overdue hold released when a month is granted, and lets nobody capture it afterwards", async () => {
    await buy(100);
    const { id: holdId } = await ledger.credits.hold({ userId: "ann", amount: 100 });
    await settle(10, 10);
    pass(ledger, hour);
    await ledger.credits.enrol({ userId: "ann", planId: "free" });
    expect(await shown()).toEqual([50, 50, 0, 0]);
    await ledger.credits.consume({ userId: "ann", amount: 1 });
    expect(await refusal(ledger.credits.capture({ holdId, amount: 50 }))).toBe("invalid_state");
  });

  it("is not refundable as a debit by callers", async () => {
    await buy(100);
    await settle(10, 10);
    const [row] = await ledger.database.query<{ id: number }>(
      "select id from tallystick.credit_transaction where type = 'clawback'",
    );
    expect(await refusal(ledger.credits.refund({ transactionId: String(row?.id) }))).toBe("invalid_state");
  });

  it("leaves expired credits to expiry: they are no debt, and nothing of them is taken twice", async () => {
    await buy(100, { validDays: 1 });
    pass(ledger, 25 * hour);
    expect(await settle(10, 10)).toMatchObject({ clawedBack: 100 });
    expect(await shown()).toEqual([-100, 0, 0, 100]);
  });

  it("tells two payments' claw-backs on one lot apart", async () => {
    await buy(100);
    await buy(100, { paymentId: 2 });
    await ledger.credits.consume({ userId: "ann", amount: 150 });
    await settle(10, 10);
    await settle(10, 10, { paymentId: "2" });
    expect(await shown()).toEqual([-150, 0, 0, 150]);
    await settle(10, 0, { paymentId: "2" });
    expect(await shown()).toEqual([-50, 0, 0, 50]);
    await settle(10, 0);
    expect(await shown()).toEqual([50, 50, 0, 0]);
  });

  it("shares a payment's target among several accounts so that it adds up exactly", async () => {
    for (const userId of ["ann", "bob", "cat"]) await buy(1, { userId });
    expect(await settle(3, 2)).toMatchObject({ clawedBack: 2 });
    expect(await settle(3, 1)).toMatchObject({ reinstated: 1 });
    expect(await settle(3, 3)).toMatchObject({ clawedBack: 2 });
  });

  it("is settled by each month that a returned year still grants", async () => {
    const work = { userId: "ann", planId: "pro", type: "subscription_renewal", quantity: 1, periodCount: 12 } as const;
    await ledger.database.transaction(async (tx) =>
      enrolForFact(tx, [{ id: "pro", credits: 1000, validDays: 30 }], {
        ...work,
        paymentId: 1,
        provider: "stripe",
        fact: "line",
      }),
    );
    await settle(100, 50);
    expect(await shown()).toEqual([500, 500, 0, 0]);
  });

  it("refuses sums that are none, and changes nothing", async () => {
    await buy(10);
    for (const [paid, returned] of [
      [-1, 0],
      [1, -1],
      [1.5, 1],
      [1, Number.NaN],
      [2 ** 53, 1],
    ] as const) {
      expect(await refusal(settle(paid, returned))).toBe("invalid_request");
    }
    expect(await refusal(ledger.credits.settleReturns({ paymentId: "x", paid: 1, returned: 1 }))).toBe("not_found");
    expect(await shown()).toEqual([10, 10, 0, 0]);
  });

  it("at once with a grant of the same payment, whichever comes first, ends the same", async () => {
    for (let round = 0; round < 20; round += 1) {
      const paymentId = 100 + round;
      await Promise.all([
        buy(10, { paymentId, userId: `user${round}` }),
        settle(10, 10, { paymentId: String(paymentId) }),
      ]);
      expect(await shown(`user${round}`)).toEqual([0, 0, 0, 0]);
    }
  });
});
