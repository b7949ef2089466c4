// The plain-Node example by the commands of its own files: server, workers and migration as processes, on a real database.
import { describe, expect, it, onTestFinished } from "vitest";
import { startRedis, missingRedis } from "../driver-conformance/redis.ts";
import { createEmptyDatabase, createTestDatabase } from "../support/database.ts";
import { checkoutSession, eventBody, uniqueId } from "../support/engine.ts";
import { startJobService } from "./job-service.ts";
import { commands, start, startUntil } from "./node-commands.ts";
import { cronSecret, environmentFor, lookAt, postJob, postWebhook, startServer } from "./node-example.ts";

const purchase = (userId: string): string =>
  eventBody({
    type: "checkout.session.completed",
    object: checkoutSession({ userId, priceId: "price_credits_basic" }),
  });

describe("the server", () => {
  it("turns a signed webhook into credits with no worker beside it, and refuses one that is not signed", async () => {
    const databaseUrl = await createTestDatabase();
    const { tally } = lookAt(databaseUrl);
    const server = await startServer(await environmentFor(databaseUrl));
    const userId = uniqueId("user");
    const body = purchase(userId);

    expect((await postWebhook(server, body)).status).toBe(200);
    await expect.poll(async () => (await tally.credits.balance({ userId })).balance, { timeout: 20_000 }).toBe(100);
    const forged = await server.fetch("/api/webhooks/stripe", {
      method: "POST",
      body: purchase(userId),
      headers: { "stripe-signature": "t=1,v1=00" },
    });
    expect(forged.status).toBe(400);
    // Told again it changes nothing.
    expect((await postWebhook(server, body)).status).toBe(200);
    await expect
      .poll(async () => (await tally.tasks.list()).items.filter(({ status }) => status !== "done"))
      .toEqual([]);
    expect((await tally.credits.balance({ userId })).balance).toBe(100);
  });

  it("takes a job's credits and enqueues it together, once for each key, and not for who has too few", async () => {
    const databaseUrl = await createTestDatabase();
    const { tally } = lookAt(databaseUrl);
    const service = await startJobService({ isHeld: false });
    const server = await startServer(await environmentFor(databaseUrl, { JOB_SERVICE_URL: service.url }));
    const userId = uniqueId("user");
    await tally.credits.grant({ userId, amount: 5, type: "adjustment", description: "five" });

    const first = await postJob(server, userId, "one");
    const again = await postJob(server, userId, "one");
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(await again.json()).toEqual(await first.json());
    expect((await postJob(server, userId, "two")).status).toBe(402);
    await expect.poll(() => service.asked, { timeout: 20_000 }).toHaveLength(1);
    expect((await tally.credits.balance({ userId })).balance).toBe(2);
    expect((await tally.tasks.list()).items.filter(({ name }) => name === "job")).toHaveLength(1);
  });

  it("ends what it began when it is told to stop: readiness goes first, then the job behind the answer ends", async () => {
    const databaseUrl = await createTestDatabase();
    const { tally } = lookAt(databaseUrl);
    const service = await startJobService({ isHeld: true });
    const environment = { JOB_SERVICE_URL: service.url, STOP_DELAY_MS: "3000" };
    const server = await startServer(await environmentFor(databaseUrl, environment));
    const userId = uniqueId("user");
    await tally.credits.grant({ userId, amount: 5, type: "adjustment", description: "five" });
    expect((await server.fetch("/readyz")).status).toBe(200);
    const { taskId } = (await (await postJob(server, userId, "one")).json()) as { taskId: string };
    await expect.poll(() => service.asked, { timeout: 20_000 }).toHaveLength(1);

    server.child.kill("SIGTERM");
    await expect.poll(async () => (await server.fetch("/readyz")).status, { interval: 20 }).toBe(503);
    expect((await server.fetch("/livez")).status).toBe(200);
    // Then it takes no more connections, and still waits for the job.
    await expect.poll(async () => server.fetch("/livez").catch(() => "refused"), { timeout: 10_000 }).toBe("refused");
    expect(server.child.exitCode).toBeNull();
    service.release();
    expect(await server.ended).toBe(0);
    expect(await tally.tasks.get(taskId)).toMatchObject({ status: "done", attempts: 1 });
  });

  it("is not ready before the database is migrated, and is once the migration has run", async () => {
    const environment = await environmentFor(await createEmptyDatabase());
    const server = await startServer(environment);
    const answer = await server.fetch("/readyz");
    expect([answer.status, await answer.text()]).toEqual([503, "not_migrated"]);
    expect(await start(commands.unitWorker, environment).ended).toBe(1);
    // Twice at once, as two machines would.
    const migrations = [start(commands.migrate, environment), start(commands.unitMigrate, environment)];
    expect(await Promise.all(migrations.map(async ({ ended }) => ended))).toEqual([0, 0]);
    expect((await server.fetch("/readyz")).status).toBe(200);
  });

  it.each(["server", "migrate", "unitWorker"] as const)(
    "names each setting that is wrong and no value, and does not start (%s)",
    async (name) => {
      const wrong = start(commands[name], { DATABASE_URL: "mysql://root:hunter2@db", PORT: "many" });
      expect(await wrong.ended).toBe(1);
      for (const setting of ["DATABASE_URL must", "PORT must", "STRIPE_WEBHOOK_SECRET is not set"]) {
        expect(wrong.output()).toContain(setting);
      }
      expect(wrong.output()).not.toContain("hunter2");
    },
  );
});

describe("two workers beside the server", () => {
  it("run each slot of a schedule once and each task once, all three ticking and draining at the same time", async () => {
    const databaseUrl = await createTestDatabase();
    const { sql, tally } = lookAt(databaseUrl);
    const service = await startJobService({ isHeld: false });
    const environment = await environmentFor(databaseUrl, {
      JOB_SERVICE_URL: service.url,
      NIGHTLY_CRON: "* * * * * *",
    });
    const workers = [commands.worker, commands.unitWorker].map(async (command) =>
      startUntil("working", command, environment),
    );
    const [server] = await Promise.all([startServer(environment), ...workers]);
    const prompts = Array.from({ length: 60 }, (_, index) => `prompt ${index}`);
    const tick = async (): Promise<number> =>
      (await server.fetch("/api/cron/tick", { headers: { authorization: `Bearer ${cronSecret}` } })).status;
    const slots = (): string[] => service.asked.flatMap(({ name, dueAt }) => (name === "nightly" ? [dueAt ?? ""] : []));

    await Promise.all(prompts.map(async (prompt) => tally.tasks.enqueue({ name: "job", payload: { prompt } })));
    await expect
      .poll(
        async () => {
          expect(await Promise.all([tick(), tick(), tick()])).toEqual([200, 200, 200]);
          return slots().length;
        },
        { timeout: 60_000, interval: 100 },
      )
      .toBeGreaterThanOrEqual(5);
    for (const { child } of [server, ...(await Promise.all(workers))]) child.kill("SIGTERM");
    expect(await Promise.all([server, ...(await Promise.all(workers))].map(async ({ ended }) => ended))).toEqual([
      0, 0, 0,
    ]);
    await tally.drain({ budgetMs: 0 });

    const jobs = service.asked.flatMap(({ name, prompt }) => (name === "job" ? [prompt ?? ""] : []));
    expect(jobs.toSorted()).toEqual(prompts.toSorted());
    // Every second since the first tick that was claimed has one slot, and each that has run ran once.
    const claimed = await sql.query<{ due_at: Date; status: string }>(
      "select run.due_at, task.status from tallystick.schedule_run run join tallystick.task on task.id = run.task_id order by 1",
    );
    const done = claimed.filter(({ status }) => status === "done").map(({ due_at: dueAt }) => dueAt.toISOString());
    expect(slots().toSorted()).toEqual(done);
    const first = claimed[0]?.due_at.getTime() ?? 0;
    expect(claimed.map(({ due_at: dueAt }) => dueAt.getTime())).toEqual(
      claimed.map((_, index) => first + index * 1_000),
    );
    // What ended well at once has no attempt besides.
    expect(await sql.query("select 1 from tallystick.task where attempts > 1")).toEqual([]);
  });

  it.each(["worker", "unitWorker"] as const)(
    "let a running task end when they are told to stop, begin no other, and exit with 0 (%s)",
    async (name) => {
      const databaseUrl = await createTestDatabase();
      const { tally } = lookAt(databaseUrl);
      const service = await startJobService({ isHeld: true });
      const environment = await environmentFor(databaseUrl, { JOB_SERVICE_URL: service.url });
      const { taskId } = await tally.tasks.enqueue({ name: "job", payload: { prompt: "first" }, lane: "one" });
      const later = await tally.tasks.enqueue({ name: "job", payload: { prompt: "second" }, lane: "one" });
      const worker = await startUntil("working", commands[name], environment);
      await expect.poll(() => service.asked, { timeout: 20_000 }).toHaveLength(1);

      worker.child.kill("SIGTERM");
      service.release();
      expect(await worker.ended).toBe(0);
      expect(worker.output()).toContain("stopped by SIGTERM");
      expect(await tally.tasks.get(taskId)).toMatchObject({ status: "done", attempts: 1 });
      expect(await tally.tasks.get(later.taskId)).toMatchObject({ status: "pending" });
    },
  );

  it.skipIf(missingRedis)(
    `take the server's wakes over BullMQ where REDIS_URL is set ${missingRedis ?? ""}`,
    async () => {
      const redis = await startRedis();
      onTestFinished(async () => redis.end());
      const databaseUrl = await createTestDatabase();
      const { sql, tally } = lookAt(databaseUrl);
      const environment = await environmentFor(databaseUrl, { REDIS_URL: redis.url });
      const server = await startServer(environment);
      const userId = uniqueId("user");
      expect((await postWebhook(server, purchase(userId))).status).toBe(200);
      // The server hands the wake over and leaves the task to a worker.
      await expect
        .poll(
          async () => sql.query("select 1 from tallystick.task where status = 'pending' and woken_at is not null"),
          {
            timeout: 20_000,
          },
        )
        .toHaveLength(1);
      const worker = await startUntil("working", commands.worker, environment);
      await expect.poll(async () => (await tally.credits.balance({ userId })).balance, { timeout: 20_000 }).toBe(100);
      for (const { child } of [server, worker]) child.kill("SIGTERM");
      expect(await Promise.all([server.ended, worker.ended])).toEqual([0, 0]);
    },
  );
});
