import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeAudited, hour, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { refusal } from "../../test/properties/refusal.ts";

const start = new Date("2026-03-01T12:00:00Z");
const userId = "ann";
let ledger: Ledger;

beforeEach(async () => {
  ledger = await openLedger({ now: start });
});
afterEach(async () => closeAudited(ledger));

const inHours = (hours: number): Date => new Date((ledger.now?.getTime() ?? 0) + hours * hour);
const give = async (amount: number, hours?: number, priority?: number) =>
  ledger.credits.grant({
    userId,
    amount,
    type: "adjustment",
    expiresAt: hours === undefined ? undefined : inHours(hours),
    priority,
  });
const spend = async (amount: number, idempotencyKey?: string) =>
  (await ledger.credits.consume({ userId, amount, idempotencyKey })).transactionId;
const lots = async () => (await ledger.credits.balance({ userId })).lots;

describe("refund", () => {
  it("gives a debit back whole, and names what it wrote", async () => {
    await give(100);
    const transactionId = await spend(30);
    expect(await ledger.credits.refund({ transactionId })).toEqual({
      transactionId: expect.any(String),
      refunded: 30,
      balance: 100,
      available: 100,
      replayed: false,
    });
    expect((await ledger.credits.history({ userId })).items[0]).toMatchObject({ type: "refund", amount: 30 });
  });

  it("walks the draws newest first, in parts, each into a lot like the one drawn", async () => {
    await give(10, 48, 5);
    await give(10, 72, 6);
    const transactionId = await spend(16);
    await ledger.credits.refund({ transactionId, amount: 8 });
    expect((await lots()).map(({ amount, priority, expiresAt }) => [amount, priority, expiresAt])).toEqual([
      [2, 5, inHours(48)],
      [10, 6, inHours(72)],
      [6, 6, inHours(72)],
    ]);
    await ledger.credits.refund({ transactionId, amount: 8 });
    expect((await ledger.credits.balance({ userId })).available).toBe(20);
  });

  it("never gives back more than was taken, whatever was given back before", async () => {
    await give(100);
    const transactionId = await spend(30);
    await ledger.credits.refund({ transactionId, amount: 20 });
    expect(await refusal(ledger.credits.refund({ transactionId, amount: 11 }))).toBe("invalid_state");
    await ledger.credits.refund({ transactionId });
    expect(await refusal(ledger.credits.refund({ transactionId }))).toBe("invalid_state");
    expect((await ledger.credits.balance({ userId })).balance).toBe(100);
  });

  it("by many callers at once gives back exactly what was taken", async () => {
    await give(100);
    const transactionId = await spend(50);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async () => refusal(ledger.credits.refund({ transactionId, amount: 10 }))),
    );
    expect(outcomes.filter((outcome) => outcome === "none")).toHaveLength(5);
    expect(new Set(outcomes)).toEqual(new Set(["none", "invalid_state"]));
    expect((await ledger.credits.balance({ userId })).balance).toBe(100);
  });

  it("is usable for the grace although the lot has expired; without grace it comes back expired", async () => {
    await give(50, 1);
    const transactionId = await spend(50);
    pass(ledger, 2 * hour);
    await ledger.credits.refund({ transactionId, amount: 20 });
    expect(await lots()).toMatchObject([{ amount: 20, expiresAt: inHours(24) }]);
    const none = await ledger.credits.refund({ transactionId, amount: 30, graceHours: 0 });
    expect(none).toMatchObject({ refunded: 30, balance: 20, available: 20 });
    expect(await ledger.credits.expire()).toMatchObject({ expired: 1, credits: 30 });
  });

  it("keeps a lot's later expiry, and none for one that never expires", async () => {
    await give(50);
    const transactionId = await spend(20);
    await ledger.credits.refund({ transactionId, graceHours: 1 });
    expect(await lots()).toMatchObject([{ expiresAt: null }, { expiresAt: null }]);
  });

  it("finds a debit by the key of its consume, its adjustment or its capture", async () => {
    await give(100);
    await spend(10, "c");
    await ledger.credits.adjust({ userId, amount: -10, actor: "eve", reason: "mistake", idempotencyKey: "a" });
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 10 });
    await ledger.credits.capture({ holdId, amount: 5, idempotencyKey: "h" });
    for (const debitKey of ["c", "a", "h"]) await ledger.credits.refund({ userId, debitKey });
    expect((await ledger.credits.balance({ userId })).available).toBe(100);
    expect(await refusal(ledger.credits.refund({ userId, debitKey: "unknown" }))).toBe("not_found");
    expect(await refusal(ledger.credits.refund({ userId: "nobody", debitKey: "c" }))).toBe("not_found");
  });

  it("under one key happens once and answers the same; with other parameters it is a conflict", async () => {
    await give(100);
    const transactionId = await spend(30);
    const input = { transactionId, amount: 10, idempotencyKey: "r" };
    const first = await ledger.credits.refund(input);
    await spend(50);
    expect(await ledger.credits.refund(input)).toEqual({ ...first, replayed: true });
    expect(await refusal(ledger.credits.refund({ ...input, amount: 11 }))).toBe("idempotency_conflict");
  });

  it("of anything but usage and negative adjustments is refused", async () => {
    const { transactionId } = await give(100, 1);
    expect(await refusal(ledger.credits.refund({ transactionId }))).toBe("invalid_state");
    pass(ledger, hour);
    await ledger.credits.expire();
    const [expired] = (await ledger.credits.history({ userId })).items;
    expect(expired?.type).toBe("expire");
    expect(await refusal(ledger.credits.refund({ transactionId: expired?.id ?? "" }))).toBe("invalid_state");
    expect(await refusal(ledger.credits.refund({ transactionId: "999" }))).toBe("not_found");
    expect(await refusal(ledger.credits.refund({ transactionId: "1e3" }))).toBe("not_found");
  });

  it("of a refund's own lots is a debit like any other", async () => {
    await give(10);
    const first = await spend(10);
    await ledger.credits.refund({ transactionId: first });
    const second = await spend(10);
    await ledger.credits.refund({ transactionId: second });
    expect((await ledger.credits.balance({ userId })).available).toBe(10);
  });

  it("goes on on a frozen account", async () => {
    await give(10);
    const transactionId = await spend(10);
    await ledger.credits.freeze({ userId, actor: "eve", reason: "x" });
    expect(await ledger.credits.refund({ transactionId })).toMatchObject({ balance: 10 });
  });
});

describe("adjust", () => {
  const by = { userId, actor: "eve", reason: "goodwill" } as const;

  it("adds a lot, or takes off in burn order, and keeps who and why", async () => {
    await ledger.credits.adjust({ ...by, amount: 30 });
    expect(await ledger.credits.adjust({ ...by, amount: -12 })).toMatchObject({ balance: 18, available: 18 });
    const rows = await ledger.database.query(
      "select amount, type, actor, description from tallystick.credit_transaction",
    );
    expect(rows).toEqual([
      { amount: 30, type: "adjustment", actor: "eve", description: "goodwill" },
      { amount: -12, type: "adjustment", actor: "eve", description: "goodwill" },
    ]);
  });

  it("takes no more than is there, also not what is held, but does not mind a freeze", async () => {
    await ledger.credits.adjust({ ...by, amount: 30 });
    await ledger.credits.hold({ userId, amount: 10 });
    await ledger.credits.freeze({ userId, actor: "eve", reason: "x" });
    expect(await refusal(ledger.credits.adjust({ ...by, amount: -21 }))).toBe("insufficient_credits");
    expect(await ledger.credits.adjust({ ...by, amount: -20 })).toMatchObject({ balance: 10, available: 0 });
  });

  it("happens once for a key, and wants an actor and a reason", async () => {
    const input = { ...by, amount: 30, idempotencyKey: "k" };
    const first = await ledger.credits.adjust(input);
    expect(await ledger.credits.adjust(input)).toEqual({ ...first, replayed: true });
    expect(await refusal(ledger.credits.adjust({ ...input, amount: -30 }))).toBe("idempotency_conflict");
    expect(await refusal(ledger.credits.adjust({ ...by, amount: 1, actor: "" }))).toBe("invalid_request");
    expect(await refusal(ledger.credits.adjust({ ...by, amount: 1, reason: "" }))).toBe("invalid_request");
    for (const amount of [0, 0.5, Number.NaN, -(2 ** 53)]) {
      expect(await refusal(ledger.credits.adjust({ ...by, amount }))).toBe("invalid_request");
    }
    expect(await refusal(ledger.credits.adjust({ ...by, amount: -1, priority: 3 }))).toBe("invalid_request");
  });
});
