import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { coalesceConsume } from "../../src/credits/coalesce.ts";
import { createCredits, type Credits } from "../../src/credits/index.ts";
import { connect, type Database, type Queryable } from "../../src/db/database.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { openLedger, plans, type Ledger } from "../properties/ledger-fixture.ts";

let ledger: Ledger;
let pools: Database[];
let writers: Credits[];

beforeAll(async () => {
  ledger = await openLedger();
  pools = Array.from({ length: 6 }, () => connect(ledger.url, { poolSize: 1 }));
  writers = pools.map((pool) => createCredits(pool, plans));
});
afterAll(async () => {
  await Promise.all(pools.map(async (pool) => pool.close()));
  await ledger[Symbol.asyncDispose]();
});

/** Accounts with 40 credits each; with aliases, every fifth is merged into the one before. */
async function accounts(prefix: string, count: number, withAliases: boolean): Promise<string[]> {
  const users = Array.from({ length: count }, (_none, n) => `${prefix}${n}`);
  for (const userId of users) await ledger.credits.grant({ userId, amount: 40, type: "adjustment" });
  const merges = users.flatMap((userId, n) =>
    withAliases && n % 5 === 4 ? [[userId, users[n - 1] ?? ""] as const] : [],
  );
  for (const [fromUserId, toUserId] of merges) {
    await ledger.credits.merge({ fromUserId, toUserId, actor: "test", reason: "test" });
  }
  return users;
}

/** Within a caller's transaction nothing is repeated: a deadlock reaches the test. */
async function inTransaction<T>(pool: Database, work: (credits: Credits, tx: Queryable) => Promise<T>): Promise<T> {
  return pool.transaction(async (tx) => work(createCredits(pool, plans), tx));
}

async function spent(prefix: string): Promise<number> {
  const [row] = await ledger.database.query<{ spent: number }>(
    `select coalesce(-sum(amount), 0)::bigint as spent from tallystick.credit_transaction
     where type = 'usage' and account_id in (select id from tallystick.user_credit where user_id ~ $1)`,
    [`^${prefix}[0-9]`],
  );
  return row?.spent ?? 0;
}

describe("overlapping batches and single calls", () => {
  it.each([
    ["without", false],
    ["with", true],
  ])(
    "from six connections, %s aliases, spend exactly what they say, without a deadlock",
    async (prefix, withAliases) => {
      const users = await accounts(prefix, 30, withAliases);
      const total = await Promise.all(
        pools.map(async (pool, writer) => {
          let sum = 0;
          for (let round = 0; round < 25; round += 1) {
            if (writer >= 4) {
              for (const step of [1, 7, 11]) {
                const userId = users[(round * step + writer) % users.length] ?? "";
                const result = await inTransaction(pool, async (credits, tx) =>
                  credits.consume({ userId, amount: 1 }, { tx }).catch(refused),
                );
                if (result) sum += 1;
              }
            } else {
              // Each batch has two thirds of the accounts, in an order of its own.
              const step = [1, 7, 11, 29][writer] ?? 1;
              const items = users
                .slice(0, 20)
                .map((_user, n) => ({ userId: users[(n * step + round) % users.length] ?? "", amount: 1 }));
              const outcomes = await inTransaction(pool, async (credits, tx) => credits.consumeMany(items, { tx }));
              for (const outcome of outcomes)
                if (outcome.ok) sum += 1;
                else expect(outcome.error.code).toBe("insufficient_credits");
            }
          }
          return sum;
        }),
      );
      const sum = total.reduce((left, right) => left + right, 0);
      expect(sum).toBeGreaterThan(800);
      expect(await spent(prefix)).toBe(sum);
      expect((await ledger.credits.audit()).violations).toEqual([]);
    },
  );

  it("use one key once, however many of them carry it", async () => {
    await ledger.credits.grant({ userId: "once", amount: 1000, type: "adjustment" });
    const items = Array.from({ length: 40 }, (_none, n) => ({
      userId: "once",
      amount: 1,
      idempotencyKey: `k${n % 20}`,
    }));
    const [single = ledger.credits, ...others] = writers;
    const outcomes = await Promise.all([
      ...others.map(async (credits) => credits.consumeMany(items)),
      ...items.map(async (item) => [{ ok: true, ...(await single.consume(item)) }]),
    ]);
    expect(outcomes.flat().filter((outcome) => outcome.ok && !outcome.replayed)).toHaveLength(20);
    expect(await ledger.credits.balance({ userId: "once" })).toMatchObject({ balance: 980 });
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });
});

describe("coalesced calls of several processes", () => {
  it("spend what there is and no more, each with its own answer, and none is lost at close", async () => {
    await ledger.credits.grant({ userId: "hot", amount: 250, type: "adjustment" });
    const consumers = writers.map((credits) => coalesceConsume(credits, { maxBatch: 20 }));
    const calls = consumers.flatMap(({ consume }, process) =>
      Array.from({ length: 60 }, async (_none, n) =>
        consume({ userId: "hot", amount: 1, idempotencyKey: `${process}-${n % 50}` }).catch(refused),
      ),
    );
    await Promise.all(consumers.map(async ({ close }) => close()));
    const results = await Promise.all(calls);
    const fresh = results.filter((result) => result && !result.replayed);
    expect(fresh).toHaveLength(250);
    expect(new Set(fresh.map((result) => result?.balance)).size).toBe(250);
    expect(results.filter((result) => result === undefined).length).toBeGreaterThanOrEqual(50);
    expect(await ledger.credits.balance({ userId: "hot" })).toMatchObject({ balance: 0 });
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });
});

function refused(error: unknown): undefined {
  if (!isTallystickError(error) || error.code !== "insufficient_credits") throw error;
  return undefined;
}
