import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCredits, type Credits } from "../../src/credits/index.ts";
import { grantForFact } from "../../src/credits/grant.ts";
import { connect, type Database } from "../../src/db/database.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { openLedger, plans, type Ledger } from "../properties/ledger-fixture.ts";

let ledger: Ledger;
let pools: Database[];
let writers: Credits[];

beforeAll(async () => {
  ledger = await openLedger();
  pools = Array.from({ length: 4 }, () => connect(ledger.url, { poolSize: 5 }));
  writers = pools.map((pool) => createCredits(pool, plans));
});
afterAll(async () => {
  await Promise.all(pools.map(async (pool) => pool.close()));
  await ledger[Symbol.asyncDispose]();
});

/** Runs `work` n times at once, spread over the pools, and answers what each gave: a value or an error's code. */
async function atOnce<T>(n: number, work: (credits: Credits, index: number) => Promise<T>): Promise<(T | string)[]> {
  const codeOf = (error: unknown): string => {
    if (isTallystickError(error)) return error.code;
    throw error;
  };
  return Promise.all(
    Array.from({ length: n }, async (_, index) => {
      const writer = writers[index % writers.length];
      return writer ? work(writer, index).catch(codeOf) : "no writer";
    }),
  );
}

function count<T>(list: readonly T[], wanted: (value: T) => boolean): number {
  return list.filter(wanted).length;
}

async function expectClean(): Promise<void> {
  expect((await ledger.credits.audit()).violations).toEqual([]);
}

describe("concurrent consumption", () => {
  it("never spends more than there is: of 50 calls for 10 out of 100, ten succeed", async () => {
    const userId = randomUUID();
    await ledger.credits.grant({ userId, amount: 60, type: "adjustment", priority: 1 });
    await ledger.credits.grant({ userId, amount: 40, type: "adjustment" });
    const results = await atOnce(50, async (credits) => credits.consume({ userId, amount: 10 }));
    expect(count(results, (result) => result === "insufficient_credits")).toBe(40);
    const balances = results.flatMap((result) => (typeof result === "string" ? [] : [result.balance]));
    expect(balances.toSorted((a, b) => a - b)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 0, available: 0, lots: [] });
    await expectClean();
  });

  it("takes effect once for one idempotency key, and every caller is told the same", async () => {
    const userId = randomUUID();
    await ledger.credits.grant({ userId, amount: 100, type: "adjustment" });
    const results = await atOnce(50, async (credits) => {
      const { replayed, ...rest } = await credits.consume({ userId, amount: 100, idempotencyKey: "job-1" });
      return { replayed, told: JSON.stringify(rest) };
    });
    expect(count(results, (result) => typeof result !== "string" && !result.replayed)).toBe(1);
    expect(new Set(results.map((result) => (typeof result === "string" ? result : result.told))).size).toBe(1);
    expect((await ledger.credits.history({ userId })).items.map(({ amount }) => amount)).toEqual([-100, 100]);
    await expectClean();
  });

  it("lets one of two parameter sets under one key win and refuses the other as a conflict", async () => {
    const userId = randomUUID();
    await ledger.credits.grant({ userId, amount: 100, type: "adjustment" });
    const results = await atOnce(20, async (credits, index) =>
      credits.consume({ userId, amount: 1 + (index % 2), idempotencyKey: "job" }),
    );
    expect(count(results, (result) => result === "idempotency_conflict")).toBe(10);
    expect((await ledger.credits.history({ userId })).items).toHaveLength(2);
    await expectClean();
  });

  it("racing the sweep of an expired lot, spends only live credits and books each expired credit once", async () => {
    const users = Array.from({ length: 8 }, () => randomUUID());
    for (const userId of users) {
      await ledger.credits.grant({ userId, amount: 30, type: "adjustment" });
      await ledger.credits.grant({ userId, amount: 100, type: "adjustment", expiresAt: new Date(Date.now() + 50) });
    }
    await ledger.database.query("select pg_sleep(0.06)");
    const booked = await atOnce(96, async (credits, index): Promise<number> => {
      if (index % 12 === 0) return (await credits.expire()).credits;
      await credits.consume({ userId: users[index % 8] ?? "", amount: 10 });
      return 0;
    });
    const rest = await ledger.credits.expire();
    expect(booked.reduce<number>((sum, value) => sum + (typeof value === "number" ? value : 0), rest.credits)).toBe(
      800,
    );
    expect(rest.remaining).toBe(0);
    for (const userId of users) {
      const [row] = await ledger.database.query<{ usage: number; expired: number }>(
        `select coalesce(-sum(amount) filter (where type = 'usage'), 0) as usage, -sum(amount) filter (where type = 'expire') as expired
         from tallystick.credit_transaction join tallystick.user_credit account on account.id = account_id where user_id = $1`,
        [userId],
      );
      expect(row).toEqual({ usage: 30, expired: 100 });
    }
    await expectClean();
  });
});

describe("concurrent grants", () => {
  const fact = {
    amount: 5,
    type: "purchase_package",
    validDays: null,
    paymentId: 1,
    provider: "stripe",
    description: "pack",
  } as const;

  it("grant a fact once, whichever of several accounts it is told about", async () => {
    const name = randomUUID();
    const users = Array.from({ length: 16 }, () => randomUUID());
    const results = await atOnce(16, async (_, index) => {
      const pool = pools[index % 4];
      return pool?.transaction(async (tx) => grantForFact(tx, { ...fact, userId: users[index] ?? "", fact: name }));
    });
    expect(count(results, (result) => typeof result === "object" && !result.replayed)).toBe(1);
    expect(new Set(results.map((result) => (typeof result === "object" ? result.transactionId : result))).size).toBe(1);
    await expectClean();
  });

  it("grant a fact once to one account", async () => {
    const [name, userId] = [randomUUID(), randomUUID()];
    const results = await atOnce(16, async (_, index) =>
      pools[index % 4]?.transaction(async (tx) => grantForFact(tx, { ...fact, userId, fact: name })),
    );
    expect(count(results, (result) => typeof result === "object" && !result.replayed)).toBe(1);
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 5 });
    await expectClean();
  });

  it("make one account of many first writes, and lose none of them", async () => {
    const userId = randomUUID();
    await atOnce(40, async (credits) => credits.grant({ userId, amount: 1, type: "register_gift" }));
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 40 });
    const rows = await ledger.database.query("select id from tallystick.user_credit where user_id = $1", [userId]);
    expect(rows).toHaveLength(1);
    await expectClean();
  });

  it("enrol once", async () => {
    const userId = randomUUID();
    const results = await atOnce(20, async (credits) => credits.enrol({ userId, planId: "free" }));
    expect(count(results, (result) => typeof result === "object" && result.created)).toBe(1);
    expect(await ledger.credits.balance({ userId })).toMatchObject({ balance: 50 });
    await expectClean();
  });
});
