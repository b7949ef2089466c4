// Brings the ledger's schema and the application's own (Postgres schema `app`) to this version.
import path from "node:path";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import { createTallystick, defineCatalog } from "tallystick";
import { tally } from "../tally.ts";
import { databaseUrl, pool } from "./pool.ts";

// Any constant will do, as long as every version of the application takes the same one.
const SETUP_LOCK = 7_823_645_512;

const folder = { migrationsFolder: path.resolve("drizzle"), migrationsSchema: "app" };

/**
 * Migrates both. Safe from several processes at once: the others wait, and find it done. Where nothing is to be done it only
 * reads, as every new instance of a serverless function asks.
 */
export async function migrateAll(): Promise<void> {
  const { pending, functionsCurrent, unknown } = await tally().migrationState();
  if (pending.length > 0 || unknown.length > 0 || !functionsCurrent) await migrateLedger();
  if (!(await isMigrated())) await migrateApplication();
}

// On a connection of its own: the pool's give a statement less time on serverless than an index of a large table takes.
async function migrateLedger(): Promise<void> {
  const migrating = createTallystick({ database: databaseUrl(), poolSize: 1, catalog: defineCatalog({}) });
  try {
    await migrating.migrate();
  } finally {
    await migrating.close();
  }
}

async function isMigrated(): Promise<boolean> {
  const known = await pool().query("select to_regclass('app.__drizzle_migrations') is not null as known");
  if (known.rows[0]?.known !== true) return false;
  const { rows } = await pool().query("select max(created_at) as latest from app.__drizzle_migrations");
  return Number(rows[0]?.latest) >= Math.max(...readMigrationFiles(folder).map(({ folderMillis }) => folderMillis));
}

// Lock and work on one connection: were they two, processes that wait for the lock could hold all that a pooler has, and
// the one that holds it would wait for them. Drizzle's commit ends this transaction, and the lock with it.
async function migrateApplication(): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl() });
  await client.connect();
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [SETUP_LOCK]);
    await migrate(drizzle(client), folder);
  } finally {
    await client.end();
  }
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
