// A database of its own for the length of a run, on BENCH_DATABASE_URL's server or the embedded Postgres.
import { randomBytes } from "node:crypto";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { startEmbeddedPostgres } from "../src/db/embedded.ts";

const END_WAIT_MS = 5_000;

export async function withBenchDatabase<T>(work: (databaseUrl: string) => Promise<T>): Promise<T> {
  const given = process.env["BENCH_DATABASE_URL"];
  const directory = path.resolve(import.meta.dirname, "../.tallystick");
  const server = given === undefined ? await startEmbeddedPostgres({ directory }) : undefined;
  const serverUrl = given ?? server?.connectionString ?? "";
  const name = `bench_${randomBytes(4).toString("hex")}`;
  try {
    await query(serverUrl, `create database ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    try {
      return await work(url.href);
    } finally {
      await dropDatabase(serverUrl, name);
    }
  } finally {
    await server?.stop();
  }
}

// A pool says that it has ended before its connections have: to kill one of those would be an error that nobody hears.
async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  const client = new pg.Client(serverUrl);
  await client.connect();
  try {
    for (const deadline = performance.now() + END_WAIT_MS; performance.now() < deadline; await sleep(20)) {
      const { rowCount } = await client.query("select 1 from pg_stat_activity where datname = $1", [name]);
      if (rowCount === 0) break;
    }
    await client.query(`drop database ${name} with (force)`);
  } finally {
    await client.end();
  }
}

/** Runs a script on a connection of its own. */
export async function query(databaseUrl: string, sql: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
