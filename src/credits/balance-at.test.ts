import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { day, hour, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";

let ledger: Ledger;
const start = new Date("2026-01-30T22:00:00.250Z");
beforeAll(async () => {
  ledger = await openLedger({ now: start });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const by = { actor: "ops", reason: "same person" };

describe("balanceAt", () => {
  it("includes an entry at the entry's own time, and not a millisecond before", async () => {
    await using live = await openLedger();
    await live.credits.grant({ userId: "ann", amount: 5, type: "register_gift" });
    await live.credits.grant({ userId: "ann", amount: 7, type: "register_gift" });
    const [last] = (await live.credits.history({ userId: "ann" })).items;
    const at = last?.createdAt ?? start;
    expect(await live.credits.balanceAt({ userId: "ann", at })).toMatchObject({ balance: 12, book: 12, at });
    const before = new Date(at.getTime() - 1);
    expect((await live.credits.balanceAt({ userId: "ann", at: before })).balance).toBeLessThan(12);
  });

  it("of an account that did not exist yet is zero, and makes none", async () => {
    expect(await ledger.credits.balanceAt({ userId: "nobody", at: start })).toEqual({
      userId: "nobody",
      unit: "credit",
      balance: 0,
      available: 0,
      held: 0,
      debt: 0,
      lots: [],
      book: 0,
      at: start,
    });
    await ledger.credits.grant({ userId: "late", amount: 5, type: "register_gift" });
    expect(await ledger.credits.balanceAt({ userId: "late", at: new Date(start.getTime() - 1) })).toMatchObject({
      book: 0,
    });
    expect(await ledger.database.query("select id from tallystick.user_credit where user_id = 'nobody'")).toEqual([]);
  });

  it("answers for a moment to come what is there if nothing more is written", async () => {
    const now = ledger.now?.getTime() ?? 0;
    const userId = "ahead";
    await ledger.credits.grant({ userId, amount: 5, type: "register_gift", expiresAt: new Date(now + day) });
    await ledger.credits.grant({ userId, amount: 7, type: "register_gift", effectiveAt: new Date(now + hour) });
    await ledger.credits.hold({ userId, amount: 2, expiresAt: new Date(now + 2 * hour) });
    const shown = async (at: number): Promise<number[]> => {
      const { balance, available, held } = await ledger.credits.balanceAt({ userId, at: new Date(at) });
      return [balance, available, held];
    };
    expect(await shown(now)).toEqual([5, 3, 2]);
    expect(await shown(now + hour)).toEqual([12, 10, 2]);
    expect(await shown(now + 2 * hour)).toEqual([12, 12, 0]);
    expect(await shown(now + day)).toEqual([7, 7, 0]);
  });

  it("answers an id that was merged since with its own account before, and with the target from then on", async () => {
    await ledger.credits.grant({ userId: "old", amount: 10, type: "register_gift" });
    await ledger.credits.grant({ userId: "new", amount: 3, type: "register_gift" });
    const before = ledger.now ?? start;
    pass(ledger, hour);
    await ledger.credits.merge({ fromUserId: "old", toUserId: "new", ...by });
    const merged = ledger.now ?? start;
    pass(ledger, hour);
    await ledger.credits.consume({ userId: "old", amount: 4 });
    const balances = async (at: Date): Promise<number[]> =>
      Promise.all(["old", "new"].map(async (userId) => (await ledger.credits.balanceAt({ userId, at })).balance));
    expect(await balances(before)).toEqual([10, 3]);
    expect(await balances(new Date(merged.getTime() - 1))).toEqual([10, 3]);
    expect(await balances(merged)).toEqual([13, 13]);
    expect(await balances(ledger.now ?? start)).toEqual([9, 9]);
  });

  it("shows debt as it was, also after it was paid and forgotten", async () => {
    const userId = "owes";
    await ledger.database.query(
      "select tallystick.grant_credits(p_user_id => $1, p_amount => 10, p_type => 'purchase_package', p_payment_id => 5)",
      [userId],
    );
    await ledger.credits.consume({ userId, amount: 8 });
    pass(ledger, hour);
    await ledger.credits.settleReturns({ paymentId: "5", paid: 100, returned: 100 });
    const owing = ledger.now ?? start;
    pass(ledger, hour);
    await ledger.credits.grant({ userId, amount: 20, type: "purchase_package" });
    expect(await ledger.credits.balanceAt({ userId, at: owing })).toMatchObject({
      balance: -8,
      book: -8,
      available: 0,
      debt: 8,
      lots: [],
    });
    expect(await ledger.credits.balanceAt({ userId, at: ledger.now ?? start })).toMatchObject({ balance: 12, debt: 0 });
  });

  it("lists lots as they are once an overdue hold has paid debt with what it held, booked or not", async () => {
    const userId = "overdue";
    await ledger.database.query(
      "select tallystick.grant_credits(p_user_id => $1, p_amount => 10, p_type => 'purchase_package', p_payment_id => 6)",
      [userId],
    );
    await ledger.credits.grant({ userId, amount: 6, type: "adjustment" });
    await ledger.credits.hold({ userId, amount: 13, expiresInSeconds: 60 });
    await ledger.credits.settleReturns({ paymentId: "6", paid: 100, returned: 100 });
    pass(ledger, hour);
    const at = ledger.now ?? start;
    const shown = await ledger.credits.balance({ userId });
    expect(shown).toMatchObject({ balance: 6, available: 6, debt: 0, lots: [{ remaining: 3 }, { remaining: 3 }] });
    expect(await ledger.credits.balanceAt({ userId, at })).toMatchObject({ ...shown });
    pass(ledger, hour);
    await ledger.credits.releaseHolds();
    expect(await ledger.credits.balanceAt({ userId, at })).toMatchObject({ ...shown });
  });

  it.each([{ at: new Date(Number.NaN) }, { userId: "" }, { unit: "Credit" }])("refuses %j", async (wrong) => {
    await expect(ledger.credits.balanceAt({ userId: "ann", at: start, ...wrong })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });
});
