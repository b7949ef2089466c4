// The process's connections to Postgres, shared by the ledger and the application's own tables.
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { env, isServerless } from "../env.ts";
import { oncePerProcess } from "../once-per-process.ts";
import { stayAwakeUntilIdle } from "./awake.ts";

const serverless = {
  max: 1,
  // Closed before the instance is frozen: see stayAwakeUntilIdle.
  idleTimeoutMillis: 2000,
  // A connection that died unseen while the instance was frozen fails its next statement instead of hanging it; the pool
  // replaces it. Longer than any statement takes: the work of a tick is done in batches.
  query_timeout: 30_000,
};

export function pool(): pg.Pool {
  return oncePerProcess("pool", () => {
    const created = new pg.Pool({
      connectionString: databaseUrl(),
      max: 5,
      connectionTimeoutMillis: 10_000,
      // A transaction's end travels in one round trip; and a statement that times out takes its connection with it, so
      // that the rollback behind it doesn't wait on a dead one too.
      pipeline: true,
      ...(isServerless() && serverless),
    });
    if (isServerless()) stayAwakeUntilIdle(created, serverless.idleTimeoutMillis);
    // A broken idle connection is replaced by the next query; without a listener it would end the process.
    created.on("error", () => undefined);
    // And so would one that breaks while somebody uses it, or in the moment in which it is handed on.
    created.on("connect", (client) => client.on("error", () => undefined));
    return created;
  });
}

export function database() {
  return oncePerProcess("database", () => drizzle(pool()));
}

export function databaseUrl(): string {
  const url = env().DATABASE_URL;
  if (url === undefined) throw new Error("DATABASE_URL is not set; `npm start` sets it, a deployment has to.");
  return url;
}
