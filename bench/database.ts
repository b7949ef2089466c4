// A database of its own for the length of a run, on BENCH_DATABASE_URL's server or the embedded Postgres.
import { randomBytes } from "node:crypto";
import path from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../src/db/embedded.ts";

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
      await query(serverUrl, `drop database ${name} with (force)`);
    }
  } finally {
    await server?.stop();
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
