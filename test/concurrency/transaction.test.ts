import { randomUUID } from "node:crypto";
import { drizzle } from "drizzle-orm/node-postgres";
import { sql } from "drizzle-orm";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCredits } from "../../src/credits/index.ts";
import { connect } from "../../src/db/database.ts";
import { openLedger, plans, type Ledger } from "../properties/ledger-fixture.ts";

let ledger: Ledger;
let pool: pg.Pool;
beforeAll(async () => {
  ledger = await openLedger();
  pool = new pg.Pool({ connectionString: ledger.url, max: 3 });
  await pool.query("create table product (id text primary key)");
});
afterAll(async () => {
  await pool.end();
  await ledger[Symbol.asyncDispose]();
});

class Undone extends Error {}

describe("a caller's transaction", () => {
  it("on a pg client keeps the ledger's entries when it commits, beside the caller's own rows", async () => {
    const userId = randomUUID();
    const client = await pool.connect();
    await client.query("begin");
    await client.query("insert into product values ($1)", [userId]);
    await ledger.credits.grant({ userId, amount: 10, type: "purchase_package" }, { tx: client });
    await ledger.credits.consume({ userId, amount: 4 }, { tx: client });
    await ledger.credits.enrol({ userId, planId: "free" }, { tx: client });
    expect(await ledger.credits.balance({ userId }, { tx: client })).toMatchObject({ balance: 56 });
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 0 });
    await client.query("commit");
    client.release();
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 56 });
  });

  it("on a pg client takes the ledger's entries back when it rolls back", async () => {
    const userId = randomUUID();
    const client = await pool.connect();
    await client.query("begin");
    await ledger.credits.grant({ userId, amount: 10, type: "purchase_package", idempotencyKey: "k" }, { tx: client });
    await client.query("rollback");
    client.release();
    expect(await ledger.credits.history({ userId })).toEqual({ items: [], nextCursor: null });
    expect(
      await ledger.credits.grant({ userId, amount: 10, type: "purchase_package", idempotencyKey: "k" }),
    ).toMatchObject({ replayed: false });
  });

  it("stays usable after a refusal", async () => {
    const userId = randomUUID();
    const client = await pool.connect();
    await client.query("begin");
    await ledger.credits.grant({ userId, amount: 10, type: "purchase_package", idempotencyKey: "k" }, { tx: client });
    await expect(ledger.credits.consume({ userId, amount: 11 }, { tx: client })).rejects.toMatchObject({
      code: "insufficient_credits",
    });
    await expect(
      ledger.credits.grant({ userId, amount: 11, type: "purchase_package", idempotencyKey: "k" }, { tx: client }),
    ).rejects.toMatchObject({ code: "idempotency_conflict" });
    await ledger.credits.consume({ userId, amount: 10 }, { tx: client });
    await client.query("commit");
    client.release();
    expect((await ledger.credits.history({ userId })).items.map(({ amount }) => amount)).toEqual([-10, 10]);
  });

  it("of Drizzle commits and rolls back with the ledger's entries in it", async () => {
    const db = drizzle(pool);
    const userId = randomUUID();
    await db.transaction(async (tx) => {
      await tx.execute(sql`insert into product values (${userId})`);
      await ledger.credits.grant({ userId, amount: 10, type: "purchase_package", metadata: { order: "o" } }, { tx });
      await ledger.credits.enrol({ userId, planId: "free" }, { tx });
    });
    const undone = db.transaction(async (tx) => {
      await ledger.credits.consume({ userId, amount: 60 }, { tx });
      throw new Undone();
    });
    await expect(undone).rejects.toThrow(Undone);
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 60 });
  });

  it("that holds an account makes other writers of it fail with lock_timeout after five seconds, and leaves other accounts alone", async () => {
    const [held, free] = [randomUUID(), randomUUID()];
    await ledger.credits.grant({ userId: held, amount: 10, type: "adjustment" });
    const client = await pool.connect();
    await client.query("begin");
    await ledger.credits.consume({ userId: held, amount: 1 }, { tx: client });
    const began = performance.now();
    const blocked = ledger.credits.consume({ userId: held, amount: 1 });
    await ledger.credits.grant({ userId: free, amount: 1, type: "adjustment" });
    expect(await ledger.credits.balance({ userId: held })).toMatchObject({ balance: 10 });
    expect(await ledger.credits.expire()).toMatchObject({ remaining: 0 });
    expect(performance.now() - began).toBeLessThan(4000);
    await expect(blocked).rejects.toMatchObject({ code: "lock_timeout", retryable: true });
    expect(performance.now() - began).toBeLessThan(7000);
    await client.query("commit");
    client.release();
    expect(await ledger.credits.balance({ userId: held })).toMatchObject({ balance: 9 });
  });
});

describe("a pool of one connection", () => {
  it("serves every operation, also many at once", async () => {
    const database = connect(ledger.url, { poolSize: 1 });
    const credits = createCredits(database, plans);
    const userId = randomUUID();
    await credits.grant({ userId, amount: 100, type: "adjustment" });
    await Promise.all([
      ...Array.from({ length: 10 }, async () => credits.consume({ userId, amount: 10 })),
      credits.enrol({ userId, planId: "keep" }),
      credits.enrol({ userId: randomUUID(), planId: "keep" }),
      credits.distribute(),
      credits.expire(),
      credits.history({ userId }),
    ]);
    expect(await credits.audit()).toMatchObject({ ok: true });
    expect(await credits.balance({ userId })).toMatchObject({ balance: 7 });
    await database.close();
  });
});
