// What an idle worker asks of a Redis where each command is paid for.
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { bullmq } from "../../src/drivers/bullmq.ts";
import { createTestDatabase } from "../support/database.ts";
import { createTestEngine } from "../support/engine.ts";
import { missingRedis, startRedis } from "./redis.ts";

const IDLE_MS = 3_000;

describe.skipIf(missingRedis !== undefined)(`BullMQ on Redis, idle ${missingRedis ?? ""}`, () => {
  it("a worker that ticks by itself asks nothing, and answers a wake at once all the same", async () => {
    const redis = await startRedis();
    const client = new Redis(redis.url);
    const connection = { url: redis.url };
    const database = await createTestDatabase();
    const driver = bullmq({ connection, tickBy: "worker", idleMs: 300_000 });
    const { tally } = await createTestEngine({ database, driver, proof: false, reconcile: false });
    const worker = tally.run();
    try {
      await expect.poll(async () => commandsOf(client, "bzpopmin"), { timeout: 10_000 }).toBeGreaterThan(0);
      // What it does as it begins is over when nothing has come for a while.
      await expect.poll(async () => asked(client, 500), { timeout: 20_000, interval: 0 }).toBe(0);
      expect(await asked(client, IDLE_MS)).toBe(0);
      const { taskId } = await tally.tasks.enqueue({ name: "unknown" });
      await tally.wake();
      await expect.poll(async () => (await tally.tasks.get(taskId)).history.length, { timeout: 5_000 }).toBe(1);
    } finally {
      await worker.stop();
      await tally.close();
      client.disconnect();
      await redis.end();
    }
  });
});

/** Commands of others within so many milliseconds. */
async function asked(client: Redis, ms: number): Promise<number> {
  const before = await commandsOf(client);
  await sleep(ms);
  return (await commandsOf(client)) - before;
}

async function commandsOf(client: Redis, name?: string): Promise<number> {
  const stats = await client.info("commandstats");
  return [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
    .filter(([, command]) => (name === undefined ? command !== "info" : command === name))
    .reduce((sum, [, , calls]) => sum + Number(calls), 0);
}
