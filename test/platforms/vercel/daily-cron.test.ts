// The daily cron of Vercel's Hobby plan, on the built application: one call does a day's work, and a call that is cut off
// or has little time leaves the rest to the next.
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { setUp, type Setup } from "../../flows/setup.ts";
import { missingPgBouncer, startPgBouncer, type PgBouncer } from "../pgbouncer.ts";
import { makeDue, type DueWork } from "./due-work.ts";
import { buildApplication, callCron, killAll, startInstance, type Instance } from "./platform.ts";

const hobbyLimitMs = 300_000;

describe.skipIf(missingPgBouncer !== undefined)(
  `the daily cron on Vercel ${missingPgBouncer ?? ""}`,
  { timeout: 300_000 },
  () => {
    let pooler: PgBouncer;

    beforeAll(async () => {
      await buildApplication();
      pooler = await startPgBouncer(inject("serverUrl"), 4);
    }, 300_000);

    afterAll(async () => {
      await killAll();
      await pooler?.stop();
    });

    async function withDueWork(size: DueWork): Promise<Setup & { url: string }> {
      const setup = await setUp();
      await makeDue(setup.databaseUrl, setup.tally, size);
      return { ...setup, url: pooler.through(setup.databaseUrl) };
    }

    async function distributedBy(instance: Instance): Promise<number> {
      const response = await callCron(instance);
      expect(response.status).toBe(200);
      return ((await response.json()) as { distributed: number }).distributed;
    }

    async function credited({ tally }: Setup, events: number): Promise<number> {
      const balances = await Promise.all(
        Array.from({ length: events }, async (_, index) => tally.credits.balance({ userId: `payer-${index}` })),
      );
      return balances.filter(({ available }) => available === 1000).length;
    }

    test("does all due work of 20,000 accounts in one call, and the second call finds nothing", async () => {
      const setup = await withDueWork({ accounts: 20_000, lotsOfAnAccount: 3, events: 200 });
      const instance = await startInstance(setup.url);
      const began = performance.now();
      expect(await distributedBy(instance)).toBe(80_000);
      const elapsedMs = performance.now() - began;
      expect(elapsedMs).toBeLessThan(hobbyLimitMs);
      expect(await credited(setup, 200)).toBe(200);
      expect(await distributedBy(instance)).toBe(0);
      expect(await setup.tally.credits.audit()).toMatchObject({ ok: true });
      console.info(
        `60,000 lots, 20,000 grants and 200 payment events in one call of ${(elapsedMs / 1000).toFixed(1)} s`,
      );
    });

    test("goes on in the next call where a call had too little time", async () => {
      const setup = await withDueWork({ accounts: 20_000, lotsOfAnAccount: 3, events: 50 });
      const instance = await startInstance(setup.url, { CRON_BUDGET_SECONDS: "0.5" });
      const calls: number[] = [];
      while (calls.at(-1) !== 0) calls.push(await distributedBy(instance));
      expect(calls.length).toBeGreaterThan(2);
      expect(calls.reduce((sum, count) => sum + count)).toBe(80_000);
      await expect.poll(async () => credited(setup, 50), { timeout: 30_000 }).toBe(50);
      expect(await setup.tally.credits.audit()).toMatchObject({ ok: true });
      console.info(`with half a second a call: ${calls.length} calls`);
    });

    test("loses nothing of a call that is killed at the function's limit, and the next goes on", async () => {
      const setup = await withDueWork({ accounts: 10_000, lotsOfAnAccount: 4, events: 0 });
      const due = async (): Promise<number> => {
        const [row] = await setup.sql.query<{ due: number }>("select tallystick.expirable_lots() as due");
        return row?.due ?? 0;
      };
      const cut = await startInstance(setup.url);
      const answer = callCron(cut).then(
        () => "answered",
        () => "cut off",
      );
      let left = await due();
      expect(left).toBe(40_000);
      while (left === 40_000) left = await due();
      await cut.kill();
      expect(await answer).toBe("cut off");
      // The statement that it had sent may still end, and then counts.
      const working = async (): Promise<unknown[]> =>
        setup.sql.query(
          `select 1 from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`,
        );
      await expect.poll(working, { timeout: 30_000 }).toEqual([]);
      left = await due();
      expect(left).toBeGreaterThan(0);

      expect(await distributedBy(await startInstance(setup.url))).toBe(left + 10_000);
      expect(await due()).toBe(0);
      expect(await setup.tally.credits.audit()).toMatchObject({ ok: true });
    });

    test("does the work once where a run is delivered twice at once", async () => {
      const setup = await withDueWork({ accounts: 2000, lotsOfAnAccount: 1, events: 20 });
      const instances = await Promise.all([startInstance(setup.url), startInstance(setup.url)]);
      const counts = await Promise.all(instances.map(distributedBy));
      // An account that one is busy with is left by the other, and may be left by both: the next call has it.
      const rest = await distributedBy(await startInstance(setup.url));
      expect(counts.reduce((sum, count) => sum + count, rest)).toBe(4000);
      expect(await credited(setup, 20)).toBe(20);
      expect(await setup.tally.credits.audit()).toMatchObject({ ok: true });
    });

    test("is closed to whoever only calls itself Vercel's cron", async () => {
      const setup = await setUp();
      const { url } = await startInstance(pooler.through(setup.databaseUrl));
      for (const route of ["/api/distribute-credits", "/api/cron/tick"]) {
        const response = await fetch(`${url}${route}`, { headers: { "user-agent": "vercel-cron/1.0" } });
        expect(response.status).toBe(401);
      }
    });
  },
);
