// Brings the ledger's schema and the application's own (Postgres schema `app`) to this version.
import path from "node:path";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import { tally } from "../tally.ts";
import { databaseUrl } from "./pool.ts";

// Any constant will do, as long as every version of the application takes the same one.
const SETUP_LOCK = 7_823_645_512;

/** Migrates both. Safe from several processes at once: the others wait, and find it done. */
export async function migrateAll(): Promise<void> {
  await tally().migrate();
  await withSetupLock(async () => {
    const client = new pg.Client({ connectionString: databaseUrl() });
    await client.connect();
    try {
      await migrate(drizzle(client), { migrationsFolder: path.resolve("drizzle"), migrationsSchema: "app" });
    } finally {
      await client.end();
    }
  });
}

/** Runs `work` in one process at a time. The lock has a connection of its own and dies with it. */
export async function withSetupLock<T>(work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl() });
  await client.connect();
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [SETUP_LOCK]);
    return await work();
  } finally {
    await client.end();
  }
}
