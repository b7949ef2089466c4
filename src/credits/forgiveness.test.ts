import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeAudited, day, hour, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { refusal } from "../../test/properties/refusal.ts";
import { grantForFact } from "./grant.ts";

const start = new Date("2026-03-01T12:00:00Z");
const by = { actor: "eve", reason: "same person" } as const;
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
const hold = async (amount: number, input: { hours?: number; userId?: string } = {}): Promise<string> => {
  const { hours = 48, userId = "ann" } = input;
  const { id } = await ledger.credits.hold({ userId, amount, expiresInSeconds: hours * 3600 });
  return id;
};
const settle = async (returned: number, input: { paymentId?: string; policy?: "debt" | "forgive" } = {}) =>
  ledger.credits.settleReturns({ paymentId: "1", paid: 10, returned, policy: "forgive", ...input });
const shown = async (userId = "ann"): Promise<readonly number[]> => {
  const { balance, available, held, debt } = await ledger.credits.balance({ userId });
  return [balance, available, held, debt];
};
const journal = async (): Promise<string[]> =>
  (
    await ledger.database.query<{ line: string }>(
      "select type || ' ' || amount as line from tallystick.credit_transaction order by id",
    )
  ).map(({ line }) => line);
const forgiven = async (): Promise<string[]> => (await journal()).filter((line) => line.startsWith("adjustment"));

describe("policy forgive", () => {
  it("forgives what was held once it is captured, in the capture's operation, which answers what that left", async () => {
    await buy(100);
    const holdId = await hold(100);
    expect(await settle(10)).toEqual({ clawedBack: 100, reinstated: 0, forgiven: 0 });
    expect(await shown()).toEqual([0, 0, 100, 100]);
    const captured = await ledger.credits.capture({ holdId, idempotencyKey: "k" });
    expect(captured).toMatchObject({ captured: 100, balance: 0, available: 0 });
    expect(await ledger.credits.capture({ holdId, idempotencyKey: "k" })).toEqual({ ...captured, replayed: true });
    expect(await shown()).toEqual([0, 0, 0, 0]);
    expect(await journal()).toEqual(["purchase_package 100", "clawback -100", "usage -100", "adjustment 100"]);
    const entries = await ledger.database.query<{ first: number; refundOf: number }>(
      `select operation_id as first, refund_of_id as "refundOf" from tallystick.credit_transaction order by id`,
    );
    expect(entries[3]).toEqual({ first: Number(captured.transactionId), refundOf: entries[1]?.first });
  });

  it("lets what a hold gives back pay first, and forgives the rest only", async () => {
    await buy(100);
    const [one, two] = [await hold(60), await hold(40)];
    await settle(10);
    await ledger.credits.capture({ holdId: one, amount: 25 });
    expect(await shown()).toEqual([0, 0, 40, 40]);
    await ledger.credits.void({ holdId: two });
    expect(await shown()).toEqual([0, 0, 0, 0]);
    expect(await forgiven()).toEqual(["adjustment 25"]);
  });

  it("forgives what a lot that expired under its hold can't pay: for every reader from its date on, booked or not", async () => {
    await buy(100, { validDays: 1 });
    const holdId = await hold(100);
    await settle(10);
    pass(ledger, day - 1);
    expect(await shown()).toEqual([0, 0, 100, 100]);
    pass(ledger, 1);
    expect(await shown()).toEqual([100, 0, 100, 0]);
    expect(await forgiven()).toEqual([]);
    await ledger.credits.void({ holdId });
    expect(await shown()).toEqual([0, 0, 0, 0]);
    expect(await forgiven()).toEqual(["adjustment 100"]);
  });

  it("forgives what a hold left past its deadline, swept or not", async () => {
    await buy(60, { validDays: 1 });
    await buy(40, { paymentId: 2 });
    await hold(100, { hours: 48 });
    await settle(10);
    await settle(10, { paymentId: "2" });
    pass(ledger, 49 * hour);
    const unswept = await shown();
    expect(unswept).toEqual([0, 0, 0, 0]);
    await ledger.credits.releaseHolds();
    expect(await shown()).toEqual(unswept);
    expect(await journal()).toEqual([
      "purchase_package 60",
      "purchase_package 40",
      "clawback -60",
      "clawback -40",
      "adjustment 20",
      "adjustment 40",
    ]);
  });

  it("pays nothing that is forgiven already with what is granted or distributed later", async () => {
    await ledger.credits.enrol({ userId: "bob", planId: "keep" });
    pass(ledger, 2 * day);
    for (const [userId, paymentId] of [["ann", 1] as const, ["bob", 2] as const]) {
      await buy(50, { userId, validDays: 1, paymentId });
      await hold(50, { userId, hours: 720 });
      await settle(10, { paymentId: String(paymentId) });
    }
    expect(await shown("bob")).toEqual([7, 0, 50, 43]);
    pass(ledger, 29 * day);
    await ledger.credits.grant({ userId: "ann", amount: 30, type: "adjustment" });
    expect(await ledger.credits.distribute()).toMatchObject({ count: 1, credits: 7 });
    expect(await shown()).toEqual([80, 30, 50, 0]);
    expect(await shown("bob")).toEqual([57, 7, 50, 0]);
    expect(await forgiven()).toEqual(["adjustment 50", "adjustment 30", "adjustment 43"]);
  });

  it("counts held credits for the oldest shortfall first: what stands behind them is lost, whose ever it is", async () => {
    await buy(50);
    await buy(50, { paymentId: 2 });
    await ledger.credits.consume({ userId: "ann", amount: 50 });
    const [one, two] = [await hold(30), await hold(20)];
    await settle(10);
    await settle(10, { paymentId: "2", policy: "debt" });
    expect(await shown()).toEqual([-50, 0, 50, 100]);
    await ledger.credits.capture({ holdId: one });
    // 20 are held for the first claw-back; of it 30 are lost. The second is no forgivable one.
    expect(await shown()).toEqual([-50, 0, 20, 70]);
    await ledger.credits.void({ holdId: two });
    expect(await shown()).toEqual([-50, 0, 0, 50]);
    expect(await forgiven()).toEqual(["adjustment 30"]);
  });

  it("is that of the claw-back's own time: told otherwise later it changes nothing that is owed", async () => {
    await buy(50);
    await buy(50, { paymentId: 2 });
    const holdId = await hold(100);
    await settle(10);
    await settle(10, { paymentId: "2", policy: "debt" });
    await settle(10, { policy: "debt" });
    expect(await settle(10, { paymentId: "2" })).toEqual({ clawedBack: 0, reinstated: 0, forgiven: 0 });
    await ledger.credits.capture({ holdId });
    expect(await shown()).toEqual([-50, 0, 0, 50]);
    expect(await forgiven()).toEqual(["adjustment 50"]);
  });

  it("forgives no debt that a merge brought", async () => {
    await buy(40, { userId: "bob", paymentId: 2 });
    await ledger.credits.consume({ userId: "bob", amount: 40 });
    await settle(10, { paymentId: "2", policy: "debt" });
    await buy(60);
    const holdId = await hold(60);
    await settle(10);
    await ledger.credits.merge({ fromUserId: "bob", toUserId: "ann", ...by });
    expect(await shown()).toEqual([-40, 0, 60, 100]);
    await ledger.credits.capture({ holdId, amount: 60 });
    expect(await shown()).toEqual([-40, 0, 0, 40]);
    expect(await forgiven()).toEqual(["adjustment 60"]);
  });

  it("forgives a claw-back of a payment whose account was merged", async () => {
    await buy(60, { userId: "bob" });
    await ledger.credits.merge({ fromUserId: "bob", toUserId: "ann", ...by });
    const holdId = await hold(60, { userId: "bob" });
    await settle(10);
    await ledger.credits.capture({ holdId, amount: 45 });
    expect(await shown("bob")).toEqual([0, 0, 0, 0]);
    expect(await settle(0)).toMatchObject({ reinstated: 60 });
    expect(await shown()).toEqual([15, 15, 0, 0]);
  });

  it("gives nobody spent credits twice, in however many parts they were forgiven", async () => {
    await buy(100);
    await ledger.credits.consume({ userId: "ann", amount: 30 });
    const [one, two] = [await hold(50), await hold(20)];
    expect(await settle(10)).toMatchObject({ forgiven: 30 });
    await ledger.credits.capture({ holdId: one, amount: 40 });
    await ledger.credits.capture({ holdId: two, amount: 5 });
    expect(await shown()).toEqual([0, 0, 0, 0]);
    await settle(5);
    await settle(0);
    expect(await shown()).toEqual([25, 25, 0, 0]);
    await settle(10);
    expect(await shown()).toEqual([0, 0, 0, 0]);
  });

  it("undoes what a capture forgave with an overage that is refused", async () => {
    await buy(10);
    const holdId = await hold(10);
    await settle(10);
    const captured = ledger.credits.capture({ holdId, amount: 11, overage: "consume" });
    expect(await refusal(captured)).toBe("insufficient_credits");
    expect(await shown()).toEqual([0, 0, 10, 10]);
    expect(await forgiven()).toEqual([]);
  });

  it("forgives no more than a balance can hold, and the rest when the hold ends", async () => {
    const expiresAt = new Date(start.getTime() + hour);
    const lost = {
      userId: "ann",
      amount: Number.MAX_SAFE_INTEGER,
      type: "adjustment",
      priority: 0,
      expiresAt,
    } as const;
    await ledger.credits.grant(lost);
    const { transactionId } = await ledger.credits.consume({ userId: "ann", amount: 20 });
    await buy(10, { validDays: 1 });
    pass(ledger, hour);
    const holdId = await hold(10);
    await settle(10);
    await ledger.credits.refund({ transactionId, amount: 16, graceHours: 0 });
    pass(ledger, day);
    // 2^53-5 in the book with what no sweep has booked yet.
    expect(await shown()).toEqual([4, 0, 10, 6]);
    await ledger.credits.expire();
    expect(await forgiven()).toEqual([`adjustment ${Number.MAX_SAFE_INTEGER}`, "adjustment 4"]);
    await ledger.credits.void({ holdId });
    expect(await shown()).toEqual([0, 0, 0, 0]);
  });
});
