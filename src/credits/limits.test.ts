import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeAudited, day, hour, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { refusal } from "../../test/properties/refusal.ts";

const start = new Date("2026-03-01T12:00:00Z"); // a Sunday
const userId = "acme";
let ledger: Ledger;

beforeEach(async () => {
  ledger = await openLedger({ now: start });
  await ledger.credits.grant({ userId, amount: 1000, type: "adjustment" });
});
afterEach(async () => closeAudited(ledger));

const spend = async (amount: number, member?: string) => refusal(ledger.credits.consume({ userId, amount, member }));
const spent = async () =>
  (await ledger.credits.limits({ userId })).map((limit) => [limit.member, limit.period, limit.spent]);

describe("a spend limit", () => {
  it("refuses what would exceed it and lets its last credit be spent", async () => {
    await ledger.credits.setLimit({ userId, period: "day", amount: 50 });
    expect([await spend(30), await spend(21), await spend(20), await spend(1)]).toEqual([
      "none",
      "spend_limit_exceeded",
      "none",
      "spend_limit_exceeded",
    ]);
    const refused = ledger.credits.consume({ userId, amount: 1 });
    await expect(refused).rejects.toMatchObject({ status: 422, details: { limit: 50, spent: 50, period: "day" } });
  });

  it("of a member concerns that member alone, and the account's concerns them all", async () => {
    await ledger.credits.setLimit({ userId, period: "month", amount: 100 });
    await ledger.credits.setLimit({ userId, member: "bob", period: "month", amount: 40 });
    expect([await spend(41, "bob"), await spend(40, "bob"), await spend(1, "bob")]).toEqual([
      "spend_limit_exceeded",
      "none",
      "spend_limit_exceeded",
    ]);
    expect([await spend(50, "cat"), await spend(11), await spend(10)]).toEqual([
      "none",
      "spend_limit_exceeded",
      "none",
    ]);
    expect(await spent()).toEqual([
      [null, "month", 100],
      ["bob", "month", 40],
    ]);
  });

  it("begins anew with each day, week from Monday, and month of its time zone", async () => {
    ledger.now = new Date("2026-03-31T14:59:59Z"); // Tuesday; 23:59:59 in Tokyo
    for (const period of ["day", "week", "month"] as const) {
      await ledger.credits.setLimit({ userId, period, amount: 10, timeZone: "Asia/Tokyo" });
    }
    expect(await spend(10)).toBe("none");
    const before = await ledger.credits.limits({ userId });
    expect(before.map(({ periodStart, resetsAt }) => [periodStart, resetsAt.toISOString()])).toEqual([
      ["2026-03-31", "2026-03-31T15:00:00.000Z"],
      ["2026-03-30", "2026-04-05T15:00:00.000Z"],
      ["2026-03-01", "2026-03-31T15:00:00.000Z"],
    ]);
    pass(ledger, 1000);
    expect(await spent()).toEqual([
      [null, "day", 0],
      [null, "week", 10],
      [null, "month", 0],
    ]);
    expect(await spend(1)).toBe("spend_limit_exceeded");
    ledger.now = new Date("2026-04-05T15:00:00Z");
    expect(await spend(1)).toBe("none");
  });

  it("counts a hold while it is open, what is captured of it, and nothing of what is released", async () => {
    await ledger.credits.setLimit({ userId, period: "day", amount: 50 });
    const one = await ledger.credits.hold({ userId, amount: 30 });
    const two = await ledger.credits.hold({ userId, amount: 20 });
    expect(await spend(1)).toBe("spend_limit_exceeded");
    expect(await refusal(ledger.credits.hold({ userId, amount: 1 }))).toBe("spend_limit_exceeded");
    await ledger.credits.capture({ holdId: one.id, amount: 10 });
    await ledger.credits.void({ holdId: two.id });
    expect(await spent()).toEqual([[null, "day", 10]]);
  });

  it("forgets a hold at its deadline, before anything has booked it", async () => {
    await ledger.credits.setLimit({ userId, period: "day", amount: 50 });
    await ledger.credits.hold({ userId, amount: 50, expiresInSeconds: 60 });
    pass(ledger, 60_000);
    expect(await spent()).toEqual([[null, "day", 0]]);
    expect(await spend(50)).toBe("none");
  });

  it("is given back by a refund, in the period of the debit and not in the refund's", async () => {
    await ledger.credits.setLimit({ userId, period: "day", amount: 50 });
    const { transactionId } = await ledger.credits.consume({ userId, amount: 50 });
    await ledger.credits.refund({ transactionId, amount: 20 });
    expect(await spent()).toEqual([[null, "day", 30]]);
    pass(ledger, day);
    expect(await spend(50)).toBe("none");
    await ledger.credits.refund({ transactionId });
    expect(await spent()).toEqual([[null, "day", 50]]);
  });

  it("does not stop a capture of what was held before, nor an adjustment, and refuses an overage beyond it", async () => {
    const { id: holdId } = await ledger.credits.hold({ userId, amount: 30 });
    await ledger.credits.setLimit({ userId, period: "day", amount: 30 });
    expect(await refusal(ledger.credits.capture({ holdId, amount: 31, overage: "consume" }))).toBe(
      "spend_limit_exceeded",
    );
    expect(await spent()).toEqual([[null, "day", 30]]);
    await ledger.credits.capture({ holdId });
    await ledger.credits.adjust({ userId, amount: -100, actor: "eve", reason: "x" });
    expect(await spent()).toEqual([[null, "day", 30]]);
  });

  it("set in mid-period counts what the period has seen, less refunds", async () => {
    await ledger.credits.consume({ userId, amount: 500 });
    pass(ledger, 12 * hour);
    const { transactionId } = await ledger.credits.consume({ userId, amount: 9, member: "bob" });
    await ledger.credits.consume({ userId, amount: 5 });
    await ledger.credits.refund({ transactionId, amount: 2 });
    await ledger.credits.hold({ userId, amount: 3, member: "bob" });
    await ledger.credits.setLimit({ userId, period: "day", amount: 100 });
    await ledger.credits.setLimit({ userId, member: "bob", period: "day", amount: 100 });
    expect(await spent()).toEqual([
      [null, "day", 15],
      ["bob", "day", 10],
    ]);
  });

  it("is changed, removed, and set to nothing at all", async () => {
    await ledger.credits.setLimit({ userId, period: "day", amount: 50 });
    await spend(30);
    await ledger.credits.setLimit({ userId, period: "day", amount: 20 });
    expect([await spend(1), await spent()]).toEqual(["spend_limit_exceeded", [[null, "day", 30]]]);
    await ledger.credits.setLimit({ userId, period: "day", amount: null });
    expect([await spend(1), await spent()]).toEqual(["none", []]);
    await ledger.credits.setLimit({ userId, period: "day", amount: 0 });
    expect(await spend(1)).toBe("spend_limit_exceeded");
  });

  it("is exact however many spend at once", async () => {
    await ledger.credits.setLimit({ userId, member: "bob", period: "month", amount: 100 });
    const outcomes = await Promise.all(Array.from({ length: 40 }, async () => spend(7, "bob")));
    expect(outcomes.filter((outcome) => outcome === "none")).toHaveLength(14);
    expect(await spent()).toEqual([["bob", "month", 98]]);
  });

  it("counts a day whose midnight comes twice from its first", async () => {
    ledger.now = new Date("2026-10-25T00:30:00Z"); // the clocks of the Azores go from 1:00 back to 0:00 half an hour later
    const { transactionId } = await ledger.credits.consume({ userId, amount: 10 });
    pass(ledger, hour);
    await ledger.credits.setLimit({ userId, period: "day", amount: 15, timeZone: "Atlantic/Azores" });
    expect(await spent()).toEqual([[null, "day", 10]]);
    await ledger.credits.refund({ transactionId });
    expect(await spent()).toEqual([[null, "day", 0]]);
  });

  it("refuses what is no limit", async () => {
    const wrong = [
      { amount: -1 },
      { amount: 1.5 },
      { timeZone: "Mars/Olympus" },
      { member: "" },
      { period: "year" as "day" },
    ];
    for (const input of wrong) {
      expect(await refusal(ledger.credits.setLimit({ userId, period: "day", amount: 5, ...input }))).toBe(
        "invalid_request",
      );
    }
    expect(await ledger.credits.limits({ userId: "nobody" })).toEqual([]);
  });
});
