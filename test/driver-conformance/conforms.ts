// What each driver must keep, on the real service: the tasks' rows are the truth, and the driver only makes them run soon.
import { fork } from "node:child_process";
import { once } from "node:events";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { defineTask, type Driver, type Tallystick, type TaskDefinition, type Worker } from "../../src/index.ts";
import { connect as connectDatabase } from "../../src/db/database.ts";
import { createTestDatabase } from "../support/database.ts";
import { createTestEngine } from "../support/engine.ts";
import { driverOf } from "./drivers.ts";
import { host } from "./host.ts";
import type { DriverService } from "./service.ts";

/** So late that no tick of the worker helps a wake. */
const NEVER_MS = 3_600_000;
const SOON_MS = 1_000;

/** Runs the suite; `missing` says what keeps it from running here, and is told in its place. */
export function conforms(title: string, connect: () => Promise<DriverService>, missing?: string): void {
  describe.skipIf(missing !== undefined)(`${title}${missing === undefined ? "" : ` ${missing}`}`, () => {
    let service: DriverService;
    let databaseUrl: string;
    const open: Tallystick[] = [];
    const driver = (tickEveryMs: number): Driver | undefined => driverOf(service.kind, service.url, tickEveryMs);
    const ran: string[] = [];

    beforeAll(async () => {
      service = await connect();
    });
    afterEach(async () => {
      for (const tally of open.splice(0)) await tally.close();
      ran.length = 0;
      await service.lose?.();
    });
    afterAll(async () => service.end());

    /** Two engines, as deployed: one enqueues and wakes, the other has the worker. */
    async function deploy(tickEveryMs: number, tasks: readonly TaskDefinition[] = [note]) {
      databaseUrl = await createTestDatabase();
      service.tickEvery?.(tickEveryMs);
      const app = await engine(NEVER_MS, tasks);
      const worker = await engine(tickEveryMs, tasks);
      // A worker that was stopped may have closed its engine: the next one has its own.
      let next: Tallystick | undefined = worker;
      const run = async (): Promise<Worker> => {
        const mine = next ?? (await engine(tickEveryMs, tasks));
        next = undefined;
        return runWorker(mine);
      };
      return { app, worker, run };
    }

    async function query(text: string): Promise<Record<string, unknown>[]> {
      const database = connectDatabase(databaseUrl, { poolSize: 1 });
      try {
        return await database.query(text);
      } finally {
        await database.close();
      }
    }

    /** Runs a worker, and waits for the tick that it begins with: what runs after that was woken, or ticked when due. */
    async function runWorker(tally: Tallystick): Promise<Worker> {
      const ticks = async (): Promise<number> => {
        const text = "select count(*) from tallystick.schedule_run where task_name = 'tick' and status = 'done'";
        return Number((await query(text))[0]?.["count"]);
      };
      const before = await ticks();
      const worker = await host(service.kind, service.url, tally);
      await service.tick?.();
      await expect.poll(ticks, waitFor).toBeGreaterThan(before);
      return worker;
    }

    async function engine(tickEveryMs: number, tasks: readonly TaskDefinition[], driven = true): Promise<Tallystick> {
      const { tally } = await createTestEngine({
        database: databaseUrl,
        tasks,
        retry: { baseDelayMs: 100, maxDelayMs: 200, maxAttempts: 3 },
        proof: false,
        reconcile: false,
        driver: driven ? driver(tickEveryMs) : undefined,
      });
      open.push(tally);
      return tally;
    }

    const note = defineTask({
      name: "note",
      async run({ payload }) {
        ran.push(String(payload["label"]));
      },
    });
    const labels = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));
    const enqueueAll = async (tally: Tallystick, all: readonly string[], lane?: string): Promise<void> => {
      for (const label of all) {
        await tally.tasks.enqueue({ name: "note", payload: { label }, ...(lane !== undefined && { lane }) });
      }
    };
    const sorted = (): string[] => [...ran].toSorted((a, b) => Number(a) - Number(b));
    const waitFor = { timeout: 20_000, interval: 20 };

    it("runs each task that was enqueued and woken", async () => {
      const { app, run } = await deploy(NEVER_MS);
      await run();
      await enqueueAll(app, labels(20));
      await app.wake();
      await expect.poll(sorted, waitFor).toEqual(labels(20));
    });

    it("hands a wake over only once the task's transaction has committed", async () => {
      const { app, worker, run } = await deploy(NEVER_MS);
      await run();
      const client = new pg.Client(databaseUrl);
      await client.connect();
      await client.query("begin");
      await app.tasks.enqueue({ name: "note", payload: { label: "0" } }, { tx: client });
      await app.wake();
      await worker.drain();
      expect(ran).toEqual([]);
      await client.query("commit");
      await client.end();
      await app.wake();
      await expect.poll(sorted, waitFor).toEqual(["0"]);
    });

    it("runs a task once when its wake comes twice", async () => {
      const { app, run } = await deploy(NEVER_MS);
      await run();
      const { taskId } = await app.tasks.enqueue({ name: "note", payload: { label: "0" } });
      const twice = driver(NEVER_MS);
      await twice?.wake([0, 1].map(() => ({ taskId, lane: null, delayMs: 0 })));
      await app.wake();
      await expect.poll(sorted, waitFor).toEqual(["0"]);
      await enqueueAll(app, ["1"]);
      await app.wake();
      await expect.poll(sorted, waitFor).toEqual(["0", "1"]);
      await twice?.close();
    });

    it("runs a task whose wake was lost with the next tick", async () => {
      const { app, run } = await deploy(SOON_MS);
      await enqueueAll(app, labels(5));
      await app.wake();
      await service.lose?.();
      await run();
      await expect.poll(sorted, waitFor).toEqual(labels(5));
      // Never woken, by anybody; and in a queue that has lost its schedule too.
      await service.lose?.();
      await enqueueAll(app, ["5"]);
      await expect.poll(sorted, waitFor).toEqual(labels(6));
    });

    it("runs the tasks of one lane in their order", async () => {
      const { app, run } = await deploy(NEVER_MS);
      await run();
      await enqueueAll(app, labels(30), "customer-1");
      await app.wake();
      await expect.poll(() => ran, waitFor).toEqual(labels(30));
    });

    it("keeps the pause of a paced lane, and goes on when it ends, with no tick between", async () => {
      const begun: number[] = [];
      const paced = defineTask({
        name: "note",
        pauseLaneMs: () => 400,
        async run({ payload }) {
          begun.push(performance.now());
          ran.push(String(payload["label"]));
        },
      });
      const { app, run } = await deploy(NEVER_MS, [paced]);
      await run();
      await enqueueAll(app, labels(3), "channel-1");
      await app.wake();
      await expect.poll(() => ran, waitFor).toEqual(labels(3));
      const [first = 0, second = 0, third = 0] = begun;
      expect(Math.min(second - first, third - second)).toBeGreaterThan(390);
    });

    it("tries a task again after its delay, with no tick between, and buries it after its last attempt", async () => {
      const failing = defineTask({
        name: "failing",
        async run({ attempt }) {
          ran.push(String(attempt));
          throw new Error("not today");
        },
      });
      const { app, run } = await deploy(NEVER_MS, [failing]);
      await run();
      const { taskId } = await app.tasks.enqueue({ name: "failing" });
      await app.wake();
      await expect.poll(async () => (await app.tasks.get(taskId)).status, waitFor).toBe("dead");
      expect(ran).toEqual(["1", "2", "3"]);
    });

    it("runs a dead task that is replayed", async () => {
      let isMended = false;
      const broken = defineTask({
        name: "broken",
        maxAttempts: 1,
        async run() {
          if (!isMended) throw new Error("not today");
          ran.push("mended");
        },
      });
      const { app, run } = await deploy(NEVER_MS, [broken]);
      await run();
      const { taskId } = await app.tasks.enqueue({ name: "broken" });
      await app.wake();
      await expect.poll(async () => (await app.tasks.get(taskId)).status, waitFor).toBe("dead");
      isMended = true;
      await app.tasks.replay(taskId);
      await app.wake();
      await expect.poll(() => ran, waitFor).toEqual(["mended"]);
    });

    it("never fails an enqueue while its service is away, and drains the backlog when it is back", async () => {
      const { app, run } = await deploy(SOON_MS);
      await run();
      await service.stop?.();
      await enqueueAll(app, labels(20));
      const woken = await app.wake().then(
        () => "woken",
        (error: unknown) => (error as { code?: string }).code,
      );
      expect(woken).toBe(service.stop === undefined ? "woken" : "driver_unavailable");
      await service.start?.();
      await app.wake();
      await expect.poll(sorted, waitFor).toEqual(labels(20));
      await enqueueAll(app, ["20"]);
      await app.wake();
      await expect.poll(sorted, waitFor).toEqual(labels(21));
    });

    it("runs 1,000 tasks that wait when a product switches to it, and when it switches away", async () => {
      databaseUrl = await createTestDatabase();
      const inline = await engine(NEVER_MS, [note], false);
      await enqueueAll(inline, labels(1_000));
      await inline.drain({ maxTasks: 300 });
      const driven = await engine(NEVER_MS, [note]);
      await runWorker(driven);
      await driven.wake();
      await expect.poll(sorted, waitFor).toEqual(labels(1_000));
      await driven.close();
      await enqueueAll(inline, ["1000"]);
      await inline.wake();
      expect(sorted()).toEqual(labels(1_001));
    });

    it("lets a running task end when its worker is stopped, and leaves the rest to the next worker", async () => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const slow = defineTask({
        name: "note",
        async run({ payload }) {
          await held;
          ran.push(String(payload["label"]));
        },
      });
      const { app, run } = await deploy(NEVER_MS, [slow]);
      const first = await run();
      await enqueueAll(app, labels(3), "customer-1");
      // Without a driver a wake runs the task here, and the worker would not have it.
      if (service.kind !== "inline") await app.wake();
      await expect.poll(async () => (await app.tasks.list({ status: "running" })).items.length, waitFor).toBe(1);
      const stopped = first.stop();
      release();
      await stopped;
      expect(ran).toEqual(["0"]);
      await run();
      await app.tasks.enqueue({ name: "note", payload: { label: "3" }, lane: "customer-1" });
      await app.wake();
      await expect.poll(() => ran, waitFor).toEqual(labels(4));
    });

    it("runs the task of a worker that was killed, once its lease has run out", async () => {
      const { app, run } = await deploy(NEVER_MS);
      const victim = fork(new URL("victim.ts", import.meta.url), [service.kind, service.url, databaseUrl]);
      expect(await once(victim, "message")).toEqual(["hosted", undefined]);
      await enqueueAll(app, labels(3), "customer-1");
      if (service.kind !== "inline") await app.wake();
      expect(await once(victim, "message")).toEqual(["begun", undefined]);
      victim.kill("SIGKILL");
      await once(victim, "exit");
      await query("update tallystick.task set lease_until = tallystick.clock() where status = 'running'");
      await query("update tallystick.task_lane set ready_at = tallystick.clock() where lease_token is not null");
      await run();
      // A lease that ran out costs the task its place in the lane, like a retry.
      await expect.poll(sorted, waitFor).toEqual(labels(3));
    });
  });
}
