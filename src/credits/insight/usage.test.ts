import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hour, openLedger, pass, type Ledger } from "../../../test/properties/ledger-fixture.ts";
import type { UsageInput, UsageRow } from "./usage.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-03-28T21:30:00Z") });
  const userId = "ann";
  await ledger.credits.grant({ userId, amount: 100, type: "register_gift" });
  await ledger.credits.consume({ userId, amount: 1, feature: "image", member: "m1" });
  pass(ledger, hour); // 22:30 UTC, 23:30 in Berlin
  await ledger.credits.consume({ userId, amount: 2, feature: "text", member: "m1" });
  pass(ledger, hour); // 23:30 UTC, 00:30 of 29 March in Berlin, whose summer time begins that night
  const { transactionId } = await ledger.credits.consume({ userId, amount: 4, feature: "text", member: "m2" });
  pass(ledger, 23 * hour); // 22:30 UTC, 00:30 of 30 March in Berlin
  await ledger.credits.consume({ userId, amount: 8, feature: "image" });
  await ledger.credits.refund({ transactionId, amount: 3 });
  await ledger.credits.consume({ userId, unit: "token", amount: 1 }).catch(() => undefined);
  await ledger.credits.grant({ userId: "bob", amount: 100, type: "register_gift" });
  await ledger.credits.consume({ userId: "bob", amount: 16, feature: "image" });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const sums = (rows: readonly UsageRow[]): unknown[] =>
  rows.map(({ day, feature, member, type, debited, credited, entries }) => [
    ...[day, feature, member, type].filter((group) => group !== null),
    debited,
    credited,
    entries,
  ]);
const used = async (input: UsageInput): Promise<unknown[]> => sums((await ledger.credits.usage(input)).rows);

describe("usage", () => {
  it("is told by days of UTC unless the account or the caller names a zone", async () => {
    expect(await used({ userId: "ann" })).toEqual([
      ["2026-03-28", 7, 0, 3],
      ["2026-03-29", 8, 3, 2],
    ]);
    expect(await ledger.credits.usage({ userId: "ann" })).toMatchObject({ timeZone: "UTC" });
  });

  it("follows the zone's own midnight, on the day on which summer time begins too", async () => {
    const expected = [
      ["2026-03-28", 3, 0, 2],
      ["2026-03-29", 4, 0, 1],
      ["2026-03-30", 8, 3, 2],
    ];
    expect(await used({ userId: "ann", timeZone: "Europe/Berlin" })).toEqual(expected);
    await ledger.database.query("update tallystick.user_credit set time_zone = 'Europe/Berlin' where user_id = 'ann'");
    expect(await used({ userId: "ann" })).toEqual(expected);
    await ledger.database.query("update tallystick.user_credit set time_zone = 'UTC' where user_id = 'ann'");
  });

  it("is told by feature, member and type, a refund under what it refunds", async () => {
    expect(await used({ userId: "ann", by: ["feature"] })).toEqual([
      ["image", 9, 0, 2],
      ["text", 6, 3, 3],
    ]);
    expect(await used({ userId: "ann", by: ["member", "feature"], member: "m2" })).toEqual([["text", "m2", 4, 3, 2]]);
    expect(await used({ userId: "ann", by: ["type"], feature: "text" })).toEqual([
      ["refund", 0, 3, 1],
      ["usage", 6, 0, 2],
    ]);
    expect(await used({ userId: "ann", by: ["type"], types: ["register_gift"] })).toEqual([
      ["register_gift", 0, 100, 1],
    ]);
  });

  it("counts what lies from the first moment to before the end", async () => {
    const range = { from: new Date("2026-03-28T22:30:00Z"), to: new Date("2026-03-29T22:30:00Z") };
    expect(await used({ userId: "ann", ...range })).toEqual([["2026-03-28", 6, 0, 2]]);
    expect(await used({ ...range, by: ["feature"] })).toEqual([["text", 6, 0, 2]]);
  });

  it("sums all accounts, and equals the sum of the journal", async () => {
    expect(await used({ by: ["feature"] })).toEqual([
      ["image", 25, 0, 3],
      ["text", 6, 3, 3],
    ]);
  });

  it("of a merged account includes what it used before", async () => {
    await ledger.credits.merge({ fromUserId: "ann", toUserId: "cat", actor: "ops", reason: "same person" });
    await ledger.credits.consume({ userId: "ann", amount: 32, feature: "text" });
    expect(await used({ userId: "ann", by: ["feature"] })).toEqual([
      ["image", 9, 0, 2],
      ["text", 38, 3, 4],
    ]);
    expect(await used({ userId: "cat", by: ["feature"] })).toEqual([["text", 32, 0, 1]]);
  });

  it("of an account that does not exist is empty", async () => {
    expect(await ledger.credits.usage({ userId: "nobody" })).toEqual({ timeZone: "UTC", rows: [] });
  });

  it.each<UsageInput>([
    { by: [] },
    { by: ["month" as "day"] },
    { timeZone: "Mars/Olympus" },
    { timeZone: "+02:00" },
    { timeZone: "UTC'; --" },
    { from: new Date(1), to: new Date(1) },
    { unit: "Credit" },
    { feature: "" },
  ])("refuses %j", async (wrong) => {
    await expect(ledger.credits.usage({ userId: "ann", ...wrong })).rejects.toMatchObject({ code: "invalid_request" });
  });
});
