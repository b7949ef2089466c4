// The built application on Vercel's terms: one connection each, through PgBouncer, instances that are frozen and killed.
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createEmptyDatabase, createTestDatabase } from "../../support/database.ts";
import { setUp, type Setup } from "../../flows/setup.ts";
import { missingPgBouncer, startPgBouncer, type PgBouncer } from "../pgbouncer.ts";
import { buildApplication, callCron, deliver, killAll, payment, startInstance } from "./platform.ts";
import { FREEZE_HEADER } from "./report.ts";

describe.skipIf(missingPgBouncer !== undefined)(
  `an instance on Vercel ${missingPgBouncer ?? ""}`,
  { timeout: 120_000 },
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

    async function onDatabase(databaseUrl: string): Promise<Setup & { url: string }> {
      return { ...(await setUp({ database: databaseUrl })), databaseUrl, url: pooler.through(databaseUrl) };
    }

    const balanceOf = async ({ tally }: Setup, userId: string): Promise<number> =>
      (await tally.credits.balance({ userId })).available;

    async function clients(databaseUrl: string): Promise<unknown[]> {
      const name = new URL(databaseUrl).pathname.slice(1);
      return (await pooler.command("show clients")).filter(({ database }) => database === name);
    }

    async function serverPids(name: string): Promise<number[]> {
      const servers = (await pooler.command("show servers")).filter(({ database }) => database === name);
      return servers.map((server) => Number(server["remote_pid"]));
    }

    test("answers a webhook 200 and is frozen before it has credited it: the next request does", async () => {
      const setup = await onDatabase(await createTestDatabase());
      const [first, second] = [await startInstance(setup.url), await startInstance(setup.url)];
      expect((await deliver(first, payment("ada"), { [FREEZE_HEADER]: "1" })).status).toBe(200);
      expect(await setup.sql.query("select status from tallystick.task")).toEqual([{ status: "pending" }]);

      expect((await deliver(second, payment("bob"))).status).toBe(200);
      await expect.poll(async () => balanceOf(setup, "ada"), { timeout: 20_000 }).toBe(1000);
      await expect.poll(async () => balanceOf(setup, "bob"), { timeout: 20_000 }).toBe(1000);
      first.thaw();
      await first.settled();
      expect(await balanceOf(setup, "ada")).toBe(1000);
      expect(await setup.tally.credits.audit()).toMatchObject({ ok: true });
    });

    test("answers a webhook 200 and never comes back: the next cron call credits it", async () => {
      const setup = await onDatabase(await createTestDatabase());
      const first = await startInstance(setup.url);
      expect((await deliver(first, payment("ada"), { [FREEZE_HEADER]: "1" })).status).toBe(200);
      await first.kill();
      expect(await balanceOf(setup, "ada")).toBe(0);
      expect((await callCron(await startInstance(setup.url))).status).toBe(200);
      expect(await balanceOf(setup, "ada")).toBe(1000);
    });

    test("has closed its connection when the platform may freeze it", async () => {
      const setup = await onDatabase(await createTestDatabase());
      const instance = await startInstance(setup.url);
      expect((await deliver(instance, payment("ada"))).status).toBe(200);
      expect(await clients(setup.databaseUrl)).toHaveLength(1);
      await instance.settled();
      instance.freeze();
      expect(await clients(setup.databaseUrl)).toEqual([]);
    });

    test.each([
      [
        "PgBouncer",
        async (name: string) => {
          await pooler.command(`kill ${name}`);
          await pooler.command(`resume ${name}`);
        },
      ],
      [
        "Postgres",
        async (name: string, { sql }: Setup) => {
          const pids = await serverPids(name);
          const cut = await sql.query("select pg_terminate_backend(pid) as cut from unnest($1::int[]) pid", [pids]);
          expect(cut).toContainEqual({ cut: true });
          await expect.poll(async () => serverPids(name)).not.toEqual(expect.arrayContaining(pids));
        },
      ],
    ])("answers its next request when %s cut its connection while it was frozen", async (_, cut) => {
      const setup = await onDatabase(await createTestDatabase());
      const instance = await startInstance(setup.url);
      expect((await deliver(instance, payment("ada"))).status).toBe(200);
      await expect.poll(async () => balanceOf(setup, "ada"), { timeout: 20_000 }).toBe(1000);
      instance.freeze();
      expect(await clients(setup.databaseUrl)).toHaveLength(1);
      await cut(new URL(setup.databaseUrl).pathname.slice(1), setup);
      const answer = deliver(instance, payment("bob"));
      instance.thaw();
      expect((await answer).status).toBe(200);
      await expect.poll(async () => balanceOf(setup, "bob"), { timeout: 20_000 }).toBe(1000);
    });

    test("starts cold on a database that nobody has migrated, ten at once through a pool of four", async () => {
      const setup = await onDatabase(await createEmptyDatabase());
      const instances = await Promise.all(Array.from({ length: 10 }, async () => startInstance(setup.url)));
      const statuses = await Promise.all(
        instances.map(async (instance, index) => (await deliver(instance, payment(`user-${index}`))).status),
      );
      expect(statuses).toEqual(instances.map(() => 200));
      await Promise.all(instances.map(async (instance) => instance.settled()));
      await setup.tally.tick();
      for (const index of instances.keys()) expect(await balanceOf(setup, `user-${index}`)).toBe(1000);
      expect(await setup.sql.query("select count(*)::int as runs from app.__drizzle_migrations")).toEqual([
        { runs: 1 },
      ]);
    });
  },
);
