import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { day, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-03-01T12:00:00Z") });
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const inDays = (days: number): Date => new Date((ledger.now?.getTime() ?? 0) + days * day);

describe("consume refuses as invalid_request:", () => {
  it.each([
    ["amount 0", { amount: 0 }],
    ["amount -1", { amount: -1 }],
    ["amount 0.5", { amount: 0.5 }],
    ["amount 1e308", { amount: 1e308 }],
    ["amount 2^53", { amount: 2 ** 53 }],
    ["amount NaN", { amount: Number.NaN }],
    ["a text for an amount", { amount: "10" as unknown as number }],
    ["an empty user id", { userId: "" }],
    ["a user id with U+0000", { userId: "a\0" }],
    ["a unit with a space", { unit: "my credit" }],
    ["an empty feature", { feature: "" }],
    ["a feature with U+0000", { feature: "\0" }],
    ["an empty key", { idempotencyKey: "" }],
    ["metadata with U+0000", { metadata: { "\0": 1 } }],
  ])("%s", async (_, wrong) => {
    await ledger.credits.grant({ userId: "valid", amount: 100, type: "adjustment" });
    const before = await ledger.credits.balance({ userId: "valid" });
    await expect(ledger.credits.consume({ userId: "valid", amount: 1, ...wrong })).rejects.toMatchObject({
      code: "invalid_request",
    });
    expect(await ledger.credits.balance({ userId: "valid" })).toEqual(before);
  });
});

describe("consume", () => {
  it("of an account that does not exist is refused and makes none", async () => {
    await expect(ledger.credits.consume({ userId: "ghost", amount: 1 })).rejects.toMatchObject({
      code: "insufficient_credits",
      status: 402,
      details: { available: 0, balance: 0 },
    });
    expect(await ledger.database.query("select id from tallystick.user_credit where user_id = 'ghost'")).toEqual([]);
  });

  it("takes all of the amount or nothing", async () => {
    await ledger.credits.grant({ userId: "all", amount: 5, type: "adjustment" });
    await ledger.credits.grant({ userId: "all", amount: 5, type: "adjustment" });
    await expect(ledger.credits.consume({ userId: "all", amount: 11 })).rejects.toMatchObject({
      details: { available: 10 },
    });
    expect(await ledger.credits.consume({ userId: "all", amount: 10 })).toMatchObject({ balance: 0, available: 0 });
    await expect(ledger.credits.consume({ userId: "all", amount: 1 })).rejects.toMatchObject({
      code: "insufficient_credits",
    });
  });

  it("never takes an expired lot, swept or not, nor is it in the balance from its very moment on", async () => {
    const userId = "expired";
    await ledger.credits.grant({ userId, amount: 40, type: "adjustment", expiresAt: inDays(1) });
    await ledger.credits.grant({ userId, amount: 2, type: "adjustment" });
    pass(ledger, day - 1);
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 42, available: 42 });
    pass(ledger, 1);
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 2, available: 2, lots: [{ amount: 2 }] });
    await expect(ledger.credits.consume({ userId, amount: 3 })).rejects.toMatchObject({
      details: { balance: 2, available: 2 },
    });
    expect(await ledger.credits.consume({ userId, amount: 2 })).toMatchObject({ balance: 0 });
    expect(await ledger.credits.expire()).toMatchObject({ expired: 1, credits: 40 });
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 0 });
  });

  it("takes a pending lot from its first moment on, and no earlier", async () => {
    const userId = "pending";
    const { balance } = await ledger.credits.grant({
      userId,
      amount: 8,
      type: "adjustment",
      effectiveAt: inDays(1),
      expiresAt: inDays(2),
    });
    expect(balance).toBe(0);
    pass(ledger, day - 1);
    await expect(ledger.credits.consume({ userId, amount: 1 })).rejects.toMatchObject({
      details: { balance: 0, available: 0 },
    });
    pass(ledger, 1);
    expect(await ledger.credits.consume({ userId, amount: 3 })).toMatchObject({ balance: 5, available: 5 });
    pass(ledger, day);
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 0, available: 0, lots: [] });
  });

  it("keeps a scoped lot for its features, which use it first", async () => {
    const userId = "scoped";
    await ledger.credits.grant({ userId, amount: 5, type: "adjustment" });
    await ledger.database.query(
      "select tallystick.grant_credits(p_user_id => $1, p_amount => 5, p_type => 'adjustment', p_scope => array['image'])",
      [userId],
    );
    await expect(ledger.credits.consume({ userId, amount: 6 })).rejects.toMatchObject({ details: { available: 5 } });
    await expect(ledger.credits.consume({ userId, amount: 6, feature: "text" })).rejects.toMatchObject({
      code: "insufficient_credits",
    });
    const { allocations } = await ledger.credits.consume({ userId, amount: 6, feature: "image" });
    expect(allocations.map(({ amount }) => amount)).toEqual([5, 1]);
  });

  it("is refused to a frozen account, whose grants, expiry and distribution go on", async () => {
    const userId = "frozen";
    await ledger.credits.expire();
    await ledger.credits.grant({ userId, amount: 5, type: "adjustment", expiresAt: inDays(1) });
    await ledger.credits.consume({ userId, amount: 1, idempotencyKey: "before" });
    await ledger.credits.enrol({ userId, planId: "keep" });
    await ledger.database.query("update tallystick.user_credit set frozen_at = now() where user_id = $1", [userId]);
    await expect(ledger.credits.consume({ userId, amount: 1 })).rejects.toMatchObject({
      code: "account_frozen",
      status: 422,
    });
    expect(await ledger.credits.consume({ userId, amount: 1, idempotencyKey: "before" })).toMatchObject({
      replayed: true,
    });
    await ledger.credits.grant({ userId, amount: 1, type: "adjustment" });
    pass(ledger, 31 * day);
    expect(await ledger.credits.expire()).toMatchObject({ expired: 1, credits: 4 });
    expect(await ledger.credits.distribute()).toMatchObject({ count: 1 });
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 15 });
  });

  it("stays right with 10,000 lots on one account, and reads only as many of them as it takes", async () => {
    await using own = await openLedger();
    const userId = "many";
    const first = await own.credits.grant({ userId, amount: 1, type: "adjustment" });
    await own.database.query(`
      with journal as (
        insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, operation_id, created_at, type)
        select account.id, 1 + n, 3, 1 + 3 * n, 1, clock_timestamp(), 'adjustment'
        from tallystick.user_credit account, generate_series(1, 9999) n returning id, account_id, seq)
      insert into tallystick.credit_lot (id, account_id, amount, remaining_amount, priority, effective_at, expiration_date)
      select id, account_id, 3, 3, seq % 5, clock_timestamp(), clock_timestamp() + make_interval(hours => 1 + seq::integer % 50) from journal`);
    await own.database.query(
      `update tallystick.user_credit set current_credits = 29998, seq = 10000, next_change_at = '-infinity'`,
    );
    await own.database.query("analyze tallystick.credit_lot");
    // Computes the totals anew, over all lots.
    await own.credits.grant({ userId, amount: 2, type: "adjustment", priority: 1000 });

    const read = await own.database.transaction(async (tx) => {
      const lotsRead = async (): Promise<number> => {
        const [row] = await tx.query<{ n: number }>(
          "select seq_tup_read + idx_tup_fetch as n from pg_stat_xact_user_tables where relname = 'credit_lot'",
        );
        return row?.n ?? Number.NaN;
      };
      const before = await lotsRead();
      const { allocations, balance } = await own.credits.consume({ userId, amount: 10 }, { tx });
      expect(balance).toBe(29_990);
      expect(allocations.map(({ amount }) => amount)).toEqual([3, 3, 3, 1]);
      return (await lotsRead()) - before;
    });
    // Ten are fetched ahead, four are changed.
    expect(read).toBeLessThan(20);
    const { lots } = await own.credits.balance({ userId });
    expect(lots.at(-2)).toMatchObject({ id: first.transactionId, remaining: 1 });
    expect((await own.credits.audit()).violations).toEqual([]);
  });
});
