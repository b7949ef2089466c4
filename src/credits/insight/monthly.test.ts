import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLedger, type Ledger } from "../../../test/properties/ledger-fixture.ts";
import { callFunction } from "../context.ts";
import type { MonthlyCredits } from "./monthly.ts";

let ledger: Ledger;
const at = (time: string): void => {
  ledger.now = new Date(time);
};
const by = { actor: "ops", reason: "goodwill" };

beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-01-31T23:30:00Z") });
  const userId = "ann";
  await ledger.credits.grant({
    userId,
    amount: 100,
    type: "monthly_refresh",
    expiresAt: new Date("2026-02-10T00:00:00Z"),
  });
  at("2026-02-05T00:00:00Z");
  const { transactionId } = await ledger.credits.consume({ userId, amount: 30 });
  await ledger.credits.refund({ transactionId, amount: 10, graceHours: 0 });
  await callFunction(ledger.database, "grant_credits", {
    p_user_id: userId,
    p_amount: 50,
    p_type: "purchase_package",
    p_payment_id: 1,
  });
  await ledger.credits.adjust({ userId, amount: 7, ...by });
  await ledger.credits.adjust({ userId, amount: -2, ...by });
  at("2026-03-01T00:00:00Z");
  await ledger.credits.expire();
  await ledger.credits.settleReturns({ paymentId: "1", paid: 100, returned: 40 });
  await ledger.credits.settleReturns({ paymentId: "1", paid: 100, returned: 10 });
  at("2026-05-15T00:00:00Z");
  await ledger.credits.grant({ userId: "bob", amount: 9, type: "register_gift", unit: "token" });
  await ledger.credits.merge({ fromUserId: userId, toUserId: "cat", ...by });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const zeros = {
  granted: 0,
  rolledOver: 0,
  adjusted: 0,
  used: 0,
  refunded: 0,
  expired: 0,
  clawedBack: 0,
  reinstated: 0,
  transferred: 0,
};

describe("monthly", () => {
  it("tells each month of each unit, months with nothing too, and what was outstanding at its end", async () => {
    const months = await ledger.credits.monthly({ unit: "credit", from: "2026-01", to: "2026-05" });
    expect(months).toEqual([
      { month: "2026-01", unit: "credit", ...zeros, granted: 100, outstanding: 100 },
      {
        month: "2026-02",
        unit: "credit",
        ...zeros,
        granted: 50,
        used: 30,
        refunded: 10,
        adjusted: 5,
        outstanding: 135,
      },
      // 68 are left of the first lot and 10 of the refund's.
      { month: "2026-03", unit: "credit", ...zeros, expired: 78, clawedBack: 20, reinstated: 15, outstanding: 52 },
      { month: "2026-04", unit: "credit", ...zeros, outstanding: 52 },
      { month: "2026-05", unit: "credit", ...zeros, outstanding: 52 },
    ]);
  });

  it("ends each month with what the months before and its own changes leave, and the last with the accounts' books", async () => {
    const months = await ledger.credits.monthly();
    expect(months.map(({ month }) => month)).toEqual(
      Array.from({ length: 12 }, (_, n) => new Date(Date.UTC(2025, 5 + n)).toISOString().slice(0, 7)).flatMap(
        (month) => [month, month],
      ),
    );
    const before = new Map<string, number>();
    for (const row of months) {
      expect(row.outstanding).toBe((before.get(row.unit) ?? 0) + netOf(row));
      before.set(row.unit, row.outstanding);
    }
    const books = await ledger.database.query<{ unit: string; book: number }>(
      "select unit, sum(current_credits) as book from tallystick.user_credit group by unit",
    );
    expect(Object.fromEntries(before)).toEqual(Object.fromEntries(books.map(({ unit, book }) => [unit, book])));
  });

  it("carries what came before the first month that is asked for", async () => {
    const [april] = await ledger.credits.monthly({ unit: "credit", from: "2026-04", to: "2026-04" });
    expect(april).toMatchObject({ month: "2026-04", granted: 0, outstanding: 52 });
  });

  it("answers a month that is over the same for ever", async () => {
    const asked = { from: "2026-01", to: "2026-04" };
    const before = await ledger.credits.monthly(asked);
    at("2026-06-01T00:00:00Z");
    await ledger.credits.consume({ userId: "cat", amount: 5 });
    await ledger.credits.settleReturns({ paymentId: "1", paid: 100, returned: 100 });
    await ledger.credits.expire();
    expect(await ledger.credits.monthly(asked)).toEqual(before);
  });

  it("begins months at the zone's own midnight", async () => {
    // 23:30 of 31 January in UTC is February in Berlin.
    const months = await ledger.credits.monthly({
      unit: "credit",
      from: "2026-01",
      to: "2026-02",
      timeZone: "Europe/Berlin",
    });
    expect(months.map(({ granted }) => granted)).toEqual([0, 150]);
  });

  it.each([
    { from: "2026-13" },
    { from: "2026" },
    { to: "2026-01-01" },
    { from: "2026-02", to: "2026-01" },
    { from: "1900-01", to: "2026-01" },
    { timeZone: "Nowhere" },
    { unit: "" },
  ])("refuses %j", async (wrong) => {
    await expect(ledger.credits.monthly(wrong)).rejects.toMatchObject({ code: "invalid_request" });
  });
});

function netOf(row: MonthlyCredits): number {
  const came = row.granted + row.rolledOver + row.adjusted + row.refunded + row.reinstated + row.transferred;
  return came - row.used - row.expired - row.clawedBack;
}
