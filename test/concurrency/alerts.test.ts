// Crossings under concurrency: each once, whoever races.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAlertRelay, type AlertListeners } from "../../src/credits/alerts-relay.ts";
import { createCredits, type Credits } from "../../src/credits/index.ts";
import { connect } from "../../src/db/database.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { openLedger, plans, type Ledger } from "../properties/ledger-fixture.ts";

const rules = [{ kind: "low", amount: 100 }, { kind: "low", amount: 40 }, { kind: "exhausted" }] as const;
const levels = [100, 40, 1];
const silent: AlertListeners = { announce: async () => undefined, onHookFailure: () => undefined };

async function withWriters<Result>(ledger: Ledger, count: number, work: (writers: Credits[]) => Promise<Result>) {
  const pools = Array.from({ length: count }, () => connect(ledger.url, { poolSize: 1 }));
  try {
    return await work(pools.map((pool) => createCredits(pool, plans)));
  } finally {
    await Promise.all(pools.map(async (pool) => pool.close()));
  }
}

const noted = async ({ database }: Ledger): Promise<unknown[]> =>
  database.query("select level, count(*) as times from tallystick.credit_alert group by level order by level desc");

describe("concurrent spending", () => {
  it("of 200 calls over one level after another alerts once to each", async () => {
    await using ledger = await openLedger();
    await createAlertRelay(ledger.database, rules, silent).storeRules();
    await ledger.credits.grant({ userId: "ann", amount: 200, type: "adjustment" });
    await withWriters(ledger, 8, async (writers) =>
      Promise.all(
        Array.from({ length: 200 }, async (_none, n) => writers[n % 8]?.consume({ userId: "ann", amount: 1 })),
      ),
    );
    expect(await noted(ledger)).toEqual(levels.map((level) => ({ level, times: 1 })));
  });

  it("and refilling alerts as often as the books show the balance falling below a level", async () => {
    await using ledger = await openLedger();
    await createAlertRelay(ledger.database, rules, silent).storeRules();
    const users = ["ann", "bob", "cat"];
    for (const userId of users) await ledger.credits.grant({ userId, amount: 120, type: "adjustment" });
    const amounts = fc.sample(fc.integer({ min: -50, max: 45 }), { numRuns: 900, seed: 20_260_301 });
    await withWriters(ledger, 6, async (writers) =>
      Promise.all(
        amounts.map(async (amount, n) => {
          const credits = writers[n % writers.length];
          const userId = users[n % users.length] ?? "";
          const operation =
            amount > 0
              ? credits?.grant({ userId, amount, type: "adjustment" })
              : credits?.consume({ userId, amount: 1 - amount });
          await operation?.catch((error: unknown) => {
            if (!isTallystickError(error) || error.code !== "insufficient_credits") throw error;
          });
        }),
      ),
    );
    // Without holds and expiry what is available is the balance, whose every step the journal has.
    const expected = await ledger.database.query(
      `select level, count(*) as times from tallystick.credit_transaction, unnest(array[100, 40, 1]) level
       where balance_after < level and balance_after - amount >= level group by level order by level desc`,
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(await noted(ledger)).toEqual(expected);
  });
});

describe("two relays at once", () => {
  it("tell each alert once", async () => {
    await using ledger = await openLedger({ poolSize: 2 });
    await createAlertRelay(ledger.database, rules, silent).storeRules();
    await ledger.database.query(
      `select tallystick.grant_credits('user' || n, 100, 'adjustment'), tallystick.consume_credits('user' || n, 1)
       from generate_series(1, 150) n`,
    );
    const told: string[] = [];
    const pools = Array.from({ length: 6 }, () => connect(ledger.url, { poolSize: 1 }));
    const relays = pools.map((pool) =>
      createAlertRelay(pool, undefined, { ...silent, announce: async (_tx, { key }) => void told.push(key) }),
    );
    const results = await Promise.all(relays.map(async (relay) => relay.relay({ batchSize: 9 })));
    await Promise.all(pools.map(async (pool) => pool.close()));
    expect(results.reduce((sum, { relayed }) => sum + relayed, 0)).toBe(150);
    expect(new Set(told).size).toBe(150);
    expect(told).toHaveLength(150);
  });
});

describe("new rules of the product", () => {
  it("stored by eight processes at once, while accounts are opened, reach them all", async () => {
    await using ledger = await openLedger();
    const pools = Array.from({ length: 8 }, () => connect(ledger.url, { poolSize: 1 }));
    await Promise.all(
      pools.map(async (pool, n) => {
        const relay = createAlertRelay(pool, rules, silent);
        await createCredits(pool, plans).grant({ userId: `before${n}`, amount: 200, type: "adjustment" });
        await relay.watch({ batchSize: 3 });
        await createCredits(pool, plans).grant({ userId: `after${n}`, amount: 200, type: "adjustment" });
      }),
    );
    const versions = await ledger.database.query("select count(*) as count from tallystick.credit_alert_defaults");
    expect(versions).toEqual([{ count: 1 }]);
    await createAlertRelay(ledger.database, rules, silent).watch();
    await Promise.all(pools.map(async (pool) => pool.close()));
    const unwatched = await ledger.database.query(
      "select user_id from tallystick.user_credit where alert_below is distinct from 100",
    );
    expect(unwatched).toEqual([]);
  });
});
