// The journal's outbox under concurrency: every entry of a subscription told once, an account's in order, whoever races.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCredits } from "../../src/credits/index.ts";
import { relayEntries, watchEntries, type EntryListeners } from "../../src/credits/entry-relay.ts";
import { connect, type Database } from "../../src/db/database.ts";
import { isTallystickError } from "../../src/kernel/errors.ts";
import { openLedger, plans, type Ledger } from "../properties/ledger-fixture.ts";

const users = ["ann", "bob", "cat", "dan", "eve"];
const types = ["credits.adjusted", "credits.consumed"];

/** 600 grants and debits of five accounts from six connections. */
async function write(pools: readonly Database[], seed: number): Promise<void> {
  const writers = pools.map((pool) => createCredits(pool, plans));
  const amounts = fc.sample(fc.integer({ min: -20, max: 20 }), { numRuns: 600, seed });
  await Promise.all(
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
  );
}

interface Told {
  readonly account_id: number;
  readonly seq: number;
}
const entries = async ({ database }: Ledger): Promise<Told[]> =>
  database.query<Told>("select account_id, seq from tallystick.credit_transaction order by account_id, seq");

describe("the outbox", () => {
  it("tells every entry exactly once and an account's in order, while hooks throw and backends are killed", async () => {
    await using ledger = await openLedger();
    await ledger.database.query(
      "create table told (n bigint generated always as identity, account_id bigint, seq bigint, primary key (account_id, seq))",
    );
    await watchEntries(ledger.database, "hooks", types);
    const pools = Array.from({ length: 9 }, () => connect(ledger.url, { poolSize: 1 }));
    const relays = pools.slice(6);
    let calls = 0;
    const listeners: EntryListeners = {
      async hook({ data }, { tx }) {
        calls += 1;
        await tx.query(
          "insert into told (account_id, seq) select id, $2 from tallystick.user_credit where user_id = $1",
          [data.userId, data.sequence],
        );
        if (calls % 97 === 0) await tx.query("select pg_terminate_backend(pg_backend_pid())");
        if (calls % 13 === 0) throw new Error("not now");
      },
      onHookFailure: () => undefined,
      tell: async () => undefined,
    };
    const relay = async (pool: Database): Promise<void> => {
      await relayEntries(pool, "hooks", listeners, { batchSize: 7 }).catch((error: unknown) => {
        if (!isTallystickError(error) || error.code !== "storage_unavailable") throw error;
      });
    };
    try {
      const over = new AbortController();
      await Promise.all([
        write(pools.slice(0, 6), 20_260_501).finally(() => over.abort()),
        ...relays.map(async (pool) => {
          while (!over.signal.aborted) await relay(pool);
        }),
      ]);
      // What a hook refused waits for its time, which has come.
      while ((await ledger.database.query("select 1 from tallystick.credit_outbox limit 1")).length > 0) {
        await ledger.database.query("update tallystick.credit_outbox set retry_at = clock_timestamp()");
        await Promise.all(relays.map(relay));
      }
    } finally {
      await Promise.all(pools.map(async (pool) => pool.close()));
    }
    const told = await ledger.database.query<Told>("select account_id, seq from told order by account_id, n");
    expect(told.length).toBeGreaterThan(300);
    expect(told).toEqual(await entries(ledger));
  });

  it("begins at one moment: of each account all entries from some one on are noted, and none before", async () => {
    await using ledger = await openLedger();
    const pools = Array.from({ length: 6 }, () => connect(ledger.url, { poolSize: 1 }));
    try {
      const writing = write(pools, 20_260_502);
      while ((await entries(ledger)).length < 100);
      await watchEntries(ledger.database, "endpoints", types);
      const before = await entries(ledger);
      await writing;
      const noted = await ledger.database.query<Told>(
        "select account_id, seq from tallystick.credit_outbox order by account_id, seq",
      );
      const all = await entries(ledger);
      for (const account of new Set(all.map(({ account_id }) => account_id))) {
        const seqs = noted.flatMap((row) => (row.account_id === account ? [row.seq] : []));
        const last = all.filter((row) => row.account_id === account).length;
        expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => last - seqs.length + 1 + index));
        // Whatever was written after the subscription had committed is among them.
        const known = before.filter((row) => row.account_id === account).length;
        expect(last - seqs.length).toBeLessThanOrEqual(known);
      }
      expect(noted.length).toBeGreaterThan(0);
      expect(noted.length).toBeLessThan(all.length);
    } finally {
      await Promise.all(pools.map(async (pool) => pool.close()));
    }
  });
});
