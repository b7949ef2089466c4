// What must not grow: a consume on an account with a million journal rows beside one with ten, and a balance read beside
// a bare select by primary key.
import pg from "pg";
import { createTallystick, defineCatalog } from "../src/index.ts";
import { measure, type Contender } from "./measure.ts";
import { report } from "./report.ts";
import type { BenchSize } from "./expire.ts";

const rounds = 7;

export async function benchReads(databaseUrl: string, { full }: BenchSize): Promise<void> {
  const entries = full ? 1_000_000 : 100_000;
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  try {
    await tally.migrate();
    for (const userId of ["young", "old"]) {
      await tally.credits.grant({ userId, amount: 2_000_000_000, type: "purchase_package" });
    }
    await fill(pool, "young", 9);
    await fill(pool, "old", entries - 1);
    await pool.query("vacuum analyze");
    const consumer = (userId: string): Contender["run"] => {
      return async (index) => {
        await tally.credits.consume({ userId, amount: 1, idempotencyKey: `${userId}-${index}` });
      };
    };
    report(
      `consume, one caller, by the account's journal`,
      await measure(
        [
          { name: "10 journal rows", run: consumer("young") },
          { name: `${entries.toLocaleString("en")} journal rows`, run: consumer("old") },
        ],
        { rounds, operations: 500, concurrency: 1 },
      ),
    );
    await pool.query(
      "create schema bench; create table bench.account (id bigint primary key, credits bigint not null)",
    );
    await pool.query("insert into bench.account select n, n from generate_series(1, 100000) n");
    await pool.query("vacuum analyze bench.account");
    report(
      "balance read, one caller",
      await measure(
        [
          {
            name: "bare select by primary key",
            run: async (index) => {
              await pool.query("select credits from bench.account where id = $1", [1 + (index % 100_000)]);
            },
          },
          {
            name: "tallystick: balance without its lots",
            run: async (index) => {
              await tally.credits.balance({ userId: index % 2 === 0 ? "old" : "young", lots: false });
            },
          },
          {
            name: "tallystick: balance with its lots",
            run: async (index) => {
              await tally.credits.balance({ userId: index % 2 === 0 ? "old" : "young" });
            },
          },
        ],
        { rounds, operations: 2000, concurrency: 1 },
      ),
    );
    const { ok } = await tally.credits.audit();
    console.log(`audit of the ledger afterwards: ${ok ? "clean" : "NOT CLEAN"}`);
  } finally {
    await tally.close();
    await pool.end();
  }
}

/** Consumes by one statement, as the ledger would one by one. */
async function fill(pool: pg.Pool, userId: string, count: number): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query(
      `with account as (select id, seq, current_credits from tallystick.user_credit where user_id = $1),
       lot as (select lot.id from tallystick.credit_lot lot join account on account.id = lot.account_id),
       entry as (
         insert into tallystick.credit_transaction (account_id, seq, amount, balance_after, created_at, type)
         select id, seq + n, -1, current_credits - n, clock_timestamp(), 'usage'
         from account, generate_series(1, $2::bigint) n order by n returning id
       )
       insert into tallystick.credit_allocation (transaction_id, n, lot_id, amount, created_at)
       select entry.id, 1, lot.id, 1, clock_timestamp() from entry, lot`,
      [userId, count],
    );
    await client.query(
      `update tallystick.credit_lot set remaining_amount = remaining_amount - $2
       where account_id = (select id from tallystick.user_credit where user_id = $1)`,
      [userId, count],
    );
    await client.query(
      `update tallystick.user_credit set current_credits = current_credits - $2, seq = seq + $2,
         cached_balance = cached_balance - $2, cached_available = cached_available - $2 where user_id = $1`,
      [userId, count],
    );
    await client.query("commit");
  } finally {
    client.release();
  }
}
