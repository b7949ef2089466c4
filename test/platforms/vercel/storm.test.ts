// Fifty instances of the built application at once, each with one connection, before one Postgres.
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase } from "../../support/database.ts";
import { setUp } from "../../flows/setup.ts";
import { missingPgBouncer, startPgBouncer, type PgBouncer } from "../pgbouncer.ts";
import { buildApplication, callCron, deliver, killAll, payment, startInstance, type Instance } from "./platform.ts";

const instanceCount = 50;
const groupSize = 10;
const poolSize = 8;

describe.skipIf(missingPgBouncer !== undefined)(`many instances on Vercel ${missingPgBouncer ?? ""}`, () => {
  let pooler: PgBouncer;

  beforeAll(async () => {
    await buildApplication();
    pooler = await startPgBouncer(inject("serverUrl"), poolSize);
  }, 300_000);

  afterAll(async () => {
    await killAll();
    await pooler?.stop();
  });

  test(
    "credit every payment once, each with a new payment and others' again as its first requests",
    { timeout: 300_000 },
    async () => {
      const { tally, sql, databaseUrl } = await setUp({ database: await createTestDatabase() });
      const instances: Instance[] = [];
      while (instances.length < instanceCount) {
        const group = Array.from({ length: groupSize }, async () => startInstance(pooler.through(databaseUrl)));
        instances.push(...(await Promise.all(group)));
      }
      const bodies = instances.map((_, index) => payment(`user-${index}`));

      const refused: number[] = [];
      /** As Stripe does: again, until it is answered 200. */
      async function deliverUntilTaken(instance: Instance, body: string): Promise<void> {
        for (;;) {
          const { status } = await deliver(instance, body);
          if (status === 200) return;
          refused.push(status);
        }
      }
      let backends = 0;
      const over = new AbortController();
      const watching = (async () => {
        while (!over.signal.aborted) {
          const [row] = await sql.query<{ backends: number }>(
            `select count(*)::int as backends from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()`,
          );
          backends = Math.max(backends, row?.backends ?? 0);
        }
      })();
      const began = performance.now();
      await Promise.all(
        instances.flatMap((instance, index) =>
          [0, 1, 7].map(async (distance) =>
            deliverUntilTaken(instance, bodies[(index + distance) % instanceCount] ?? ""),
          ),
        ),
      );
      const answeredMs = performance.now() - began;
      const memory = await Promise.all(instances.map(async (instance) => instance.settled()));
      over.abort();
      await watching;
      const [last] = instances;
      if (last === undefined) throw new Error("there are instances");
      expect((await callCron(last, "/api/cron/tick")).status).toBe(200);

      const balances = await Promise.all(
        bodies.map(async (_, index) => tally.credits.balance({ userId: `user-${index}` })),
      );
      expect(balances.map(({ available }) => available)).toEqual(bodies.map(() => 1000));
      expect(await tally.credits.audit()).toMatchObject({ ok: true });
      expect(backends).toBeLessThanOrEqual(poolSize);
      expect(refused.filter((status) => status < 500)).toEqual([]);
      expect(refused.length).toBeLessThanOrEqual(instanceCount);
      const megabytes = memory.map((bytes) => Math.round(bytes / 1e6)).toSorted((a, b) => a - b);
      console.info(
        `${instanceCount} instances, ${3 * instanceCount} webhooks answered in ${(answeredMs / 1000).toFixed(1)} s, ` +
          `${refused.length} of them after a 5xx; ${backends} connections to Postgres at the most; ` +
          `an instance holds ${megabytes[instanceCount / 2]} MB, at the most ${megabytes.at(-1)} MB`,
      );
    },
  );
});
