import { randomUUID } from "node:crypto";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openLedger, type Ledger } from "../../test/properties/ledger-fixture.ts";
import { connect } from "../db/database.ts";
import { isTallystickError } from "../kernel/errors.ts";
import type { ConsumeInput } from "./consume.ts";
import type { ConsumeOutcome } from "./consume-many.ts";
import { createCredits } from "./index.ts";

let ledger: Ledger;
let userId: string;
beforeAll(async () => {
  ledger = await openLedger();
  return async () => ledger[Symbol.asyncDispose]();
});
beforeEach(async () => {
  userId = randomUUID();
  await ledger.credits.grant({ userId, amount: 60, type: "adjustment", priority: 1 });
  await ledger.credits.grant({ userId, amount: 40, type: "adjustment" });
});

/** The balance after each item, or the code that refused it. */
const short = (outcomes: readonly ConsumeOutcome[]): (number | string)[] =>
  outcomes.map((outcome) => (outcome.ok ? outcome.balance : outcome.error.code));

describe("consumeMany", () => {
  it("consumes items in the order given, and goes on after one that is refused", async () => {
    const outcomes = await ledger.credits.consumeMany([50, 70, 30, 30, 20].map((amount) => ({ userId, amount })));
    expect(short(outcomes)).toEqual([50, "insufficient_credits", 20, "insufficient_credits", 0]);
    const [, refused, spanning] = outcomes;
    expect(refused).toMatchObject({ error: { details: { balance: 50, available: 50 } } });
    expect(spanning).toMatchObject({ allocations: [{ amount: 10 }, { amount: 20 }] });
    const { items } = await ledger.credits.history({ userId });
    expect(items.map(({ amount, balanceAfter }) => [amount, balanceAfter])).toEqual([
      [-20, 0],
      [-30, 20],
      [-50, 50],
      [40, 100],
      [60, 60],
    ]);
  });

  it("answers an item that is not valid in its place, and consumes the others", async () => {
    const items: unknown[] = [
      { userId, amount: 1 },
      { userId, amount: 0 },
      { userId: "", amount: 1 },
      { userId, amount: 1, feature: "\0" },
      { userId, amount: 1, metadata: { n: 1n } },
      null,
      { userId, amount: 2 },
    ];
    const outcomes = await ledger.credits.consumeMany(items as ConsumeInput[]);
    expect(short(outcomes)).toEqual([99, ...Array.from({ length: 5 }, () => "invalid_request"), 97]);
  });

  it("uses a key once, within the batch, in a later batch and beside single calls", async () => {
    const item = { userId, amount: 10, idempotencyKey: "k" };
    const first = await ledger.credits.consumeMany([{ ...item, amount: 500 }, item, item, { ...item, amount: 11 }]);
    expect(short(first)).toEqual(["insufficient_credits", 90, 90, "idempotency_conflict"]);
    expect(first.map((outcome) => outcome.ok && outcome.replayed)).toEqual([false, false, true, false]);
    expect(first[2]).toEqual({ ...first[1], replayed: true });
    await ledger.credits.consume({ userId, amount: 5, idempotencyKey: "single" });
    const second = await ledger.credits.consumeMany([
      { userId, amount: 1 },
      item,
      { userId, amount: 5, idempotencyKey: "single" },
      { userId, amount: 6, idempotencyKey: "single" },
    ]);
    expect(short(second)).toEqual([84, 90, 85, "idempotency_conflict"]);
    expect(second[1]).toEqual({ ...first[1], replayed: true });
    await expect(ledger.credits.consume(item)).resolves.toMatchObject({ replayed: true, balance: 90 });
  });

  it("looks up an alias' own keys first, then its account's", async () => {
    const old = randomUUID();
    await ledger.credits.grant({ userId: old, amount: 10, type: "adjustment" });
    const before = await ledger.credits.consume({ userId: old, amount: 4, idempotencyKey: "k" });
    await ledger.credits.consume({ userId, amount: 1, idempotencyKey: "target" });
    await ledger.credits.merge({ fromUserId: old, toUserId: userId, actor: "test", reason: "test" });
    const outcomes = await ledger.credits.consumeMany([
      { userId: old, amount: 4, idempotencyKey: "k" },
      { userId: old, amount: 1, idempotencyKey: "target" },
      { userId: old, amount: 5 },
    ]);
    expect(short(outcomes)).toEqual([6, 99, 100]);
    expect(outcomes[0]).toMatchObject({ transactionId: before.transactionId, replayed: true });
  });

  it("stores texts and metadata as they are, also through Drizzle", async () => {
    const pool = new pg.Pool({ connectionString: ledger.url, max: 1 });
    const texts = ['a "b" \\ {c}, d', "NULL", "null", "日本", " ", ","];
    for (const credits of [ledger.credits, createCredits(connect(drizzle(pool)), [])]) {
      const run = randomUUID();
      const items = [undefined, ...texts].map((text) => ({
        userId,
        amount: 1,
        description: text,
        ...(text !== undefined && { feature: text, member: text, idempotencyKey: `${run}${text}`, metadata: { text } }),
      }));
      const outcomes = await credits.consumeMany(items);
      const ids = outcomes.map((outcome) => outcome.ok && outcome.transactionId);
      const rows = await ledger.database.query(
        `select description, feature, member, idempotency_key as key, metadata
         from tallystick.credit_transaction where id = any ($1::bigint[]) order by id`,
        [ids],
      );
      expect(rows).toEqual([
        { description: null, feature: null, member: null, key: null, metadata: null },
        ...texts.map((text) => ({
          description: text,
          feature: text,
          member: text,
          key: `${run}${text}`,
          metadata: { text },
        })),
      ]);
    }
    await pool.end();
  });

  it("takes 10,000 items over accounts and units, and refuses one more before asking the database", async () => {
    const users = Array.from({ length: 100 }, () => randomUUID());
    for (const each of users)
      await ledger.credits.grant({ userId: each, unit: "token", amount: 99, type: "adjustment" });
    const items = Array.from({ length: 10_000 }, (_none, index) => ({
      userId: users[index % 100] ?? "",
      unit: "token",
      amount: 1,
    }));
    const outcomes = await ledger.credits.consumeMany(items);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(9900);
    expect(short(outcomes.slice(9900))).toEqual(Array.from({ length: 100 }, () => "insufficient_credits"));
    await expect(ledger.credits.consumeMany([...items, { userId, amount: 1 }])).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(ledger.credits.consumeMany("items" as never)).rejects.toMatchObject({ code: "invalid_request" });
    expect(await ledger.credits.consumeMany([])).toEqual([]);
  });

  it("spends hundreds of lots of one account in burn order", async () => {
    const rich = randomUUID();
    await ledger.database.query(
      `select tallystick.grant_credits($1, 3, 'adjustment', p_expires_at => now() + make_interval(days => 1 + n * 7919 % 600))
       from generate_series(1, 600) n`,
      [rich],
    );
    const lots = (await ledger.credits.balance({ userId: rich })).lots.map(({ id }) => id);
    const outcomes = await ledger.credits.consumeMany([1, 2, 900, 4].map((amount) => ({ userId: rich, amount })));
    const drawn = outcomes.flatMap((outcome) => (outcome.ok ? outcome.allocations.map(({ lotId }) => lotId) : []));
    expect([...new Set(drawn)]).toEqual(lots.slice(0, 303));
    expect(short(outcomes)).toEqual([1799, 1797, 897, 893]);
  });

  it("joins the caller's transaction: nothing remains when it is rolled back", async () => {
    class Undone extends Error {}
    const undone = ledger.database.transaction(async (tx) => {
      expect(
        short(
          await ledger.credits.consumeMany(
            [
              { userId, amount: 100 },
              { userId, amount: 1 },
            ],
            { tx },
          ),
        ),
      ).toEqual([0, "insufficient_credits"]);
      throw new Undone();
    });
    await expect(undone).rejects.toThrow(Undone);
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 100 });
  });

  it("consumes nothing at all when an account is locked for too long", async () => {
    const other = randomUUID();
    await ledger.credits.grant({ userId: other, amount: 10, type: "adjustment" });
    await ledger.database.transaction(async (tx) => {
      await tx.query("select from tallystick.user_credit where user_id = $1 for update", [other]);
      const failed = await ledger.credits
        .consumeMany([
          { userId, amount: 1 },
          { userId: other, amount: 1 },
        ])
        .catch((error: unknown) => isTallystickError(error) && error.code);
      expect(failed).toBe("lock_timeout");
    });
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 100 });
  });

  it("leaves a ledger that passes its audit", async () => {
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });
});
