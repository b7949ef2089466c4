// The two programs that the ledger is measured beside, on plain tables.
import type pg from "pg";
import type { Contender } from "../measure.ts";

export async function fillPlainTables(pool: pg.Pool, accounts: number, lots: number): Promise<void> {
  await pool.query(`
    create schema bench;
    create table bench.account (id bigint primary key, credits bigint not null check (credits >= 0)) with (fillfactor = 50);
    create table bench.entry (id bigint generated always as identity primary key, account_id bigint not null,
      type text not null, amount bigint not null, remaining bigint, expires_at timestamptz,
      created_at timestamptz not null default now());
    create index on bench.entry (account_id, id);
    create index on bench.entry (account_id, expires_at) where remaining > 0`);
  await pool.query(
    "insert into bench.account select id, 1000000 * $2::bigint from generate_series(0, $1::bigint - 1) as id",
    [accounts, lots],
  );
  await pool.query(
    `insert into bench.entry (account_id, type, amount, remaining, expires_at)
     select account, 'purchase', 1000000, 1000000, now() + make_interval(days => 30 * lot)
     from generate_series(0, $1::bigint - 1) as account, generate_series(1, $2::integer) as lot`,
    [accounts, lots],
  );
}

/** Never overspends, and knows no more: no lots, no expiry, no repeat of a request. */
export function createFloor(pool: pg.Pool, accountOf: (index: number) => number): Contender["run"] {
  return async (index) =>
    inTransaction(pool, async (client) => {
      const account = accountOf(index);
      const { rowCount } = await client.query(
        "update bench.account set credits = credits - $2 where id = $1 and credits >= $2 returning credits",
        [account, 1],
      );
      if (rowCount !== 1) throw new Error("too few credits");
      await client.query("insert into bench.entry (account_id, type, amount) values ($1, 'usage', $2)", [account, -1]);
    });
}

/** As templates do it: read the balance, read the lots, write each lot and the balance that were computed. */
export function createReference(pool: pg.Pool, accountOf: (index: number) => number): Contender["run"] {
  return async (index) =>
    inTransaction(pool, async (client) => {
      const account = accountOf(index);
      const balance = await client.query<{ credits: string }>("select credits from bench.account where id = $1", [
        account,
      ]);
      const credits = Number(balance.rows[0]?.credits);
      if (credits < 1) throw new Error("too few credits");
      const lots = await client.query<{ id: string; remaining: string }>(
        "select id, remaining from bench.entry where account_id = $1 and remaining > 0 and expires_at > now() order by expires_at",
        [account],
      );
      let wanted = 1;
      for (const { id, remaining } of lots.rows) {
        if (wanted === 0) break;
        const take = Math.min(wanted, Number(remaining));
        await client.query("update bench.entry set remaining = $2 where id = $1", [id, Number(remaining) - take]);
        wanted -= take;
      }
      await client.query("update bench.account set credits = $2 where id = $1", [account, credits - 1]);
      await client.query("insert into bench.entry (account_id, type, amount) values ($1, 'usage', $2)", [account, -1]);
    });
}

async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await work(client);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}
