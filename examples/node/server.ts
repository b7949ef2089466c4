// The server's process: serves until SIGTERM or SIGINT, then stops in order.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "@hono/node-server";
import pg from "pg";
import { createTallystick } from "tallystick";
import { createApp } from "./app.ts";
import { createBehind } from "./behind.ts";
import { logger } from "./logger.ts";
import { settings } from "./settings.ts";
import config from "./tallystick.config.ts";

const pool = new pg.Pool({
  connectionString: settings.databaseUrl,
  max: settings.poolSize,
  connectionTimeoutMillis: 5_000,
  // What a transaction ends with, its commit and the next one's begin travel together.
  pipeline: true,
});
// An idle connection that breaks emits here; without a listener it would end the process.
pool.on("error", (error) => logger.warn({ error: error.message }, "a connection to the database broke"));

const tally = createTallystick({
  ...config,
  database: pool,
  auth: {
    cronSecrets: settings.cronSecret === undefined ? [] : [settings.cronSecret],
    apiKeys: settings.apiKey === undefined ? [] : [settings.apiKey],
  },
});
const behind = createBehind();
let isStopping = false;
const app = createApp({ tally, pool, settings, behind, isStopping: () => isStopping });
const server = serve({ fetch: app.fetch, port: settings.port, hostname: settings.host }, ({ port }) =>
  logger.info({ port }, "listening"),
);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));

async function stop(signal: string): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  logger.info({ signal }, "stopping: readiness is off");
  setTimeout(() => {
    logger.error(
      { limitMs: settings.stopLimitMs },
      "the stop took too long; what ran is run again when its lease is over",
    );
    process.exit(1);
  }, settings.stopLimitMs).unref();
  await sleep(settings.stopDelayMs);

  const closed = once(server, "close");
  server.close();
  await closed;
  await behind.ended();
  await tally.close();
  await pool.end();
  logger.info({}, "stopped");
  process.exit(0);
}
