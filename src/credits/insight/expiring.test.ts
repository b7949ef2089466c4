import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { day, hour, openLedger, type Ledger } from "../../../test/properties/ledger-fixture.ts";
import type { ExpiringInput, ExpiringLot } from "./expiring.ts";

let ledger: Ledger;
const start = new Date("2026-01-30T22:00:00Z");
const inHours = (hours: number): Date => new Date(start.getTime() + hours * hour);
const give = async (userId: string, amount: number, expiresAt: Date | undefined, unit = "credit"): Promise<unknown> =>
  ledger.credits.grant({ userId, amount, type: "purchase_package", expiresAt, unit });

beforeAll(async () => {
  ledger = await openLedger({ now: start });
  for (const userId of ["ann", "bob", "cat", "dan", "eve"]) await give(userId, 10, inHours(30));
  await give("ann", 20, inHours(1));
  await give("ann", 30, inHours(24 * 40));
  await give("ann", 40, undefined);
  await give("bob", 7, inHours(3), "token");
  await ledger.credits.consume({ userId: "dan", amount: 10 });
  await ledger.credits.consume({ userId: "eve", amount: 4 });
  await ledger.credits.hold({ userId: "cat", amount: 3, expiresAt: inHours(2) });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const shown = ({ userId, unit, expiring, held }: ExpiringLot): unknown[] => [userId, unit, expiring, held];
async function all(input: ExpiringInput): Promise<unknown[]> {
  const lots: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.credits.expiring({ ...input, cursor });
    lots.push(...page.items.map(shown));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return lots;
}

describe("expiring", () => {
  it.each([1, 2, 3, 100])("lists what still has something, soonest first, in pages of %i", async (limit) => {
    expect(await all({ limit })).toEqual([
      ["ann", "credit", 20, 0],
      ["bob", "token", 7, 0],
      ["ann", "credit", 10, 0],
      ["bob", "credit", 10, 0],
      ["cat", "credit", 7, 3],
      ["eve", "credit", 6, 0],
    ]);
  });

  it("is asked for one user, one unit and so many days", async () => {
    expect(await all({ userId: "ann" })).toEqual([
      ["ann", "credit", 20, 0],
      ["ann", "credit", 10, 0],
    ]);
    expect(await all({ userId: "ann", withinDays: 41 })).toHaveLength(3);
    expect(await all({ unit: "token" })).toEqual([["bob", "token", 7, 0]]);
    expect(await all({ userId: "bob", unit: "token" })).toEqual([["bob", "token", 7, 0]]);
    expect(await all({ withinDays: 1 })).toHaveLength(2);
    expect(await all({ userId: "nobody" })).toEqual([]);
  });

  it("sums days of a zone over all accounts", async () => {
    expect(await ledger.credits.expiringByDay({ withinDays: 41 })).toEqual([
      { day: "2026-01-30", unit: "credit", expiring: 20, held: 0, lots: 1, accounts: 1 },
      { day: "2026-01-31", unit: "token", expiring: 7, held: 0, lots: 1, accounts: 1 },
      { day: "2026-02-01", unit: "credit", expiring: 33, held: 3, lots: 4, accounts: 4 },
      { day: "2026-03-11", unit: "credit", expiring: 30, held: 0, lots: 1, accounts: 1 },
    ]);
    const [first] = await ledger.credits.expiringByDay({ timeZone: "Asia/Tokyo", unit: "credit" });
    expect(first).toMatchObject({ day: "2026-01-31", expiring: 20 });
  });

  it("lists under an alias what its target has", async () => {
    await ledger.credits.merge({ fromUserId: "eve", toUserId: "fay", actor: "ops", reason: "same person" });
    expect(await all({ userId: "eve" })).toEqual([["fay", "credit", 6, 0]]);
  });

  it("no longer lists what has expired", async () => {
    ledger.now = new Date(start.getTime() + 2 * day);
    expect(await all({})).toEqual([]);
    ledger.now = start;
  });

  it.each([{ withinDays: 0 }, { withinDays: 367 }, { withinDays: 1.5 }, { limit: 0 }, { cursor: "x" }, { userId: "" }])(
    "refuses %j",
    async (wrong) => {
      await expect(ledger.credits.expiring(wrong)).rejects.toMatchObject({ code: "invalid_request" });
    },
  );
});
