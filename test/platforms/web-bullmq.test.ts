// The application with BullMQ as its driver, on a real Redis: events are credited over it, and without it by the tick.
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingRedis, startRedis, type RedisServer } from "../driver-conformance/redis.ts";
import { invoice } from "../flows/stripe-objects.ts";
import { eventBody, signatureOf, WEBHOOK_SECRET } from "../support/engine.ts";
import { startApp, type RunningApp } from "../../apps/web/test/running-app.ts";

describe.skipIf(missingRedis !== undefined)(
  `with TALLYSTICK_DRIVER=bullmq ${missingRedis ?? ""}`,
  { timeout: 60_000 },
  () => {
    let redis: RedisServer;
    let app: RunningApp;

    beforeAll(async () => {
      redis = await startRedis();
      app = await startApp({
        TALLYSTICK_DRIVER: "bullmq",
        REDIS_URL: redis.url,
        STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
        TALLYSTICK_API_KEY: "api-key",
        CRON_SECRET: "cron-secret",
      });
    }, 180_000);

    afterAll(async () => {
      await app?.stop();
      await redis?.end();
    });

    async function pay(userId: string): Promise<number> {
      const body = eventBody({
        type: "invoice.paid",
        object: invoice({ userId, lines: [{ priceId: "price_pro_monthly" }] }),
      });
      const headers = { "stripe-signature": await signatureOf(body) };
      return (await fetch(`${app.url}/api/webhooks/stripe`, { method: "POST", body, headers })).status;
    }

    async function balance(userId: string): Promise<unknown> {
      const headers = { authorization: "Bearer api-key" };
      const response = await fetch(`${app.url}/api/v1/accounts/${userId}`, { headers });
      return ((await response.json()) as { available?: number }).available ?? 0;
    }

    /** Jobs that were ever added to the queue; a scheduler's are not counted. */
    async function wakes(): Promise<number> {
      const client = new Redis(redis.url);
      const count = Number(await client.get("bull:tallystick:id"));
      client.disconnect();
      return count;
    }

    test("a payment's event is credited by a wake that went over Redis", async () => {
      const before = await wakes();
      expect(await pay("ada")).toBe(200);
      await expect.poll(async () => balance("ada"), { timeout: 15_000 }).toBe(1000);
      expect(await wakes()).toBeGreaterThan(before);
    });

    test("while Redis is away events are taken all the same, and the cron's tick credits them", async () => {
      await redis.stop();
      expect(await pay("bob")).toBe(200);
      const headers = { authorization: "Bearer cron-secret" };
      await fetch(`${app.url}/api/cron/tick`, { headers });
      await expect.poll(async () => balance("bob"), { timeout: 15_000 }).toBe(1000);
      await redis.start();
      expect(await pay("cyd")).toBe(200);
      await expect.poll(async () => balance("cyd"), { timeout: 30_000 }).toBe(1000);
    });
  },
);
