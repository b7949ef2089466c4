import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { day, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-03-01T12:00:00Z") });
});
beforeEach(async () => {
  await ledger.credits.expire();
});
afterAll(async () => ledger[Symbol.asyncDispose]());

const inDays = (days: number): Date => new Date((ledger.now?.getTime() ?? 0) + days * day);

async function give(userId: string, amount: number, days: number | null): Promise<string> {
  const { transactionId } = await ledger.credits.grant({
    userId,
    amount,
    type: "adjustment",
    ...(days !== null && { expiresAt: inDays(days) }),
  });
  return transactionId;
}

async function entries(userId: string): Promise<unknown[]> {
  const { items } = await ledger.credits.history({ userId });
  return items.map(({ type, amount, balanceAfter }) => [type, amount, balanceAfter]).toReversed();
}

describe("expire", () => {
  it("books all expired lots of an account in one entry that names each, and marks them processed", async () => {
    const lots = [
      await give("ann", 10, 1),
      await give("ann", 20, 2),
      await give("ann", 40, 9),
      await give("ann", 80, null),
    ];
    await ledger.credits.consume({ userId: "ann", amount: 3 });
    pass(ledger, 3 * day);
    expect(await ledger.credits.expire()).toEqual({ expired: 2, accounts: 1, credits: 27, remaining: 0 });
    expect((await entries("ann")).at(-1)).toEqual(["expire", -27, 120]);
    const draws = await ledger.database.query(
      `select draw.n, draw.lot_id::text as lot, draw.amount, lot.open, lot.expiration_date_processed_at as processed
       from tallystick.credit_allocation draw join tallystick.credit_transaction entry on entry.id = draw.transaction_id
       join tallystick.credit_lot lot on lot.id = draw.lot_id where entry.type = 'expire' order by draw.n`,
    );
    expect(draws).toEqual([
      { n: 1, lot: lots[0], amount: 7, open: false, processed: ledger.now },
      { n: 2, lot: lots[1], amount: 20, open: false, processed: ledger.now },
    ]);
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });

  it("called again books nothing more", async () => {
    await give("bob", 10, 1);
    pass(ledger, day);
    expect(await ledger.credits.expire()).toMatchObject({ expired: 1, credits: 10 });
    expect(await ledger.credits.expire()).toEqual({ expired: 0, accounts: 0, credits: 0, remaining: 0 });
  });

  it("changes no balance that anyone can observe", async () => {
    await give("eve", 10, 1);
    await give("eve", 5, null);
    pass(ledger, day);
    const before = await ledger.credits.balance({ userId: "eve" });
    await ledger.credits.expire();
    expect(await ledger.credits.balance({ userId: "eve" })).toEqual(before);
  });

  it("passes over a lot that was spent before its date", async () => {
    await give("fay", 10, 1);
    await ledger.credits.consume({ userId: "fay", amount: 10 });
    pass(ledger, 2 * day);
    expect(await ledger.credits.expire()).toMatchObject({ expired: 0 });
    expect(await ledger.credits.balance({ userId: "fay" })).toMatchObject({ balance: 0, debt: 0 });
    expect(await entries("fay")).toHaveLength(2);
  });

  it("leaves the held part of a lot to its hold, and books it when it is released", async () => {
    const lot = await give("hal", 10, 1);
    await ledger.database.query(
      `with hold as (insert into tallystick.credit_hold (account_id, amount, expires_at, created_at)
         select account_id, 4, 'infinity', now() from tallystick.credit_lot where id = $1 returning id),
       part as (insert into tallystick.credit_hold_lot select id, 1, $1, 4 from hold)
       update tallystick.credit_lot set held_amount = 4 where id = $1`,
      [lot],
    );
    await ledger.database.query("update tallystick.user_credit set next_change_at = '-infinity' where user_id = 'hal'");
    pass(ledger, day);
    expect(await ledger.credits.expire()).toEqual({ expired: 1, accounts: 1, credits: 6, remaining: 0 });
    expect((await ledger.credits.audit()).violations).toEqual([]);
    const read = `select remaining_amount as remaining, open, expiration_date_processed_at is not null as processed
      from tallystick.credit_lot where id = $1`;
    expect(await ledger.database.query(read, [lot])).toEqual([{ remaining: 4, open: true, processed: false }]);
    await ledger.database.query("update tallystick.credit_hold set status = 'voided', settled_at = now()");
    await ledger.database.query("update tallystick.credit_lot set held_amount = 0 where id = $1", [lot]);
    await ledger.database.query("update tallystick.user_credit set next_change_at = '-infinity' where user_id = 'hal'");
    expect(await ledger.credits.expire()).toMatchObject({ expired: 1, credits: 4 });
    expect(await ledger.database.query(read, [lot])).toEqual([{ remaining: 0, open: false, processed: true }]);
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });

  it("stops at its budget and says how much it left", async () => {
    pass(ledger, 100 * day);
    await ledger.credits.expire();
    for (let n = 0; n < 5; n += 1) await give(`user-${n}`, 1, 1);
    pass(ledger, day);
    expect(await ledger.credits.expire({ budgetMs: 0, batchSize: 2 })).toMatchObject({ expired: 2, remaining: 3 });
    expect(await ledger.credits.expire({ batchSize: 2 })).toMatchObject({ expired: 3, remaining: 0 });
  });

  it("serves all others while an account is locked, however small the batch", async () => {
    await give("held", 1, 1);
    await give("free", 1, 2);
    pass(ledger, 2 * day);
    await ledger.database.transaction(async (tx) => {
      await tx.query("select from tallystick.user_credit where user_id = 'held' for update");
      expect(await ledger.credits.expire({ batchSize: 1 })).toMatchObject({ expired: 1, remaining: 1 });
    });
    expect(await ledger.credits.expire()).toMatchObject({ expired: 1, remaining: 0 });
  });

  it.each([0, -1, 1.5, Number.NaN, 100_001])("refuses a batch of %d", async (batchSize) => {
    await expect(ledger.credits.expire({ batchSize })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(ledger.credits.distribute({ batchSize })).rejects.toMatchObject({ code: "invalid_request" });
  });
});
