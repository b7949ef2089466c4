// The resident worker: finds work by itself, ticks, and stops without leaving anything half done.
import { describe, expect, it } from "vitest";
import { setUp, signal } from "../../test/flows/setup.ts";
import { silentLogger } from "../kernel/logger.ts";
import { createTestEngine } from "../../test/support/engine.ts";
import { createDrain, type Drain } from "./drain.ts";
import { defaultRetryPolicy } from "./retry-policy.ts";
import { defineTask } from "./task.ts";
import { runWorker } from "./worker.ts";

const nothing = { processed: 0, done: 0, failed: 0, dead: 0, remaining: 0, nextRunAt: null };

describe("run", () => {
  it("finds what is enqueued while it runs", async () => {
    const ran = signal();
    const { tally } = await setUp({
      payment: undefined,
      tasks: [defineTask({ name: "a", run: async () => ran.give() })],
    });
    const worker = tally.run();
    await tally.tasks.enqueue({ name: "a" });
    worker.wake();
    await ran.given;
    await worker.stop();
    expect((await tally.tasks.list({ status: "done" })).items).toHaveLength(1);
  });

  it("stopped in the middle of an effect lets it commit, claims no more, and settles everything", async () => {
    const begun = signal();
    const release = signal();
    const first = defineTask({
      name: "first",
      async run({ tx }) {
        begun.give();
        await release.given;
        await tx.query("create table effect ()");
      },
    });
    const { tally, sql } = await setUp({ payment: undefined, tasks: [first], poolSize: 1 });
    const { taskId } = await tally.tasks.enqueue({ name: "first", lane: "a" });
    await tally.tasks.enqueue({ name: "first", lane: "a" });
    const worker = tally.run();
    await begun.given;
    const stopped = worker.stop();
    release.give();
    await stopped;
    expect(await tally.tasks.get(taskId)).toMatchObject({ status: "done" });
    expect(await sql.query("select status, attempts from tallystick.task order by id")).toEqual([
      { status: "done", attempts: 1 },
      { status: "pending", attempts: 0 },
    ]);
    // Stopping the worker stops nothing else: the next drain works.
    await sql.query("drop table effect");
    expect(await tally.drain()).toMatchObject({ done: 1 });
  });

  it("stopped in the middle of a load lets it end and begins no other task", async () => {
    const [begun, release] = [signal(), signal()];
    const slow = defineTask({
      name: "slow",
      async load() {
        begun.give();
        await release.given;
      },
      run: async () => undefined,
    });
    const { tally } = await setUp({ payment: undefined, tasks: [slow] });
    const { taskId } = await tally.tasks.enqueue({ name: "slow", lane: "one" });
    const later = await tally.tasks.enqueue({ name: "slow", lane: "one" });
    const worker = tally.run();
    await begun.given;
    const stopped = worker.stop();
    // What the stop aborts at once has been aborted by then.
    await tally.health();
    release.give();
    await stopped;
    expect(await tally.tasks.get(taskId)).toMatchObject({ status: "done", attempts: 1 });
    expect(await tally.tasks.get(later.taskId)).toMatchObject({ status: "pending", attempts: 0 });
  });

  it("stopped in the middle of a load that outlasts the grace aborts it and counts no attempt against the task", async () => {
    const begun = signal();
    let loads = 0;
    const slow = defineTask({
      name: "slow",
      async load({ signal: aborted }) {
        loads += 1;
        begun.give();
        if (loads === 1)
          await new Promise((_, reject) => aborted.addEventListener("abort", () => reject(new Error("cut off"))));
      },
      run: async () => undefined,
    });
    const { tally } = await setUp({ payment: undefined, tasks: [slow], stopGraceMs: 10 });
    const { taskId } = await tally.tasks.enqueue({ name: "slow" });
    const worker = tally.run();
    await begun.given;
    await worker.stop();
    expect(await tally.tasks.get(taskId)).toMatchObject({ status: "pending", attempts: 0 });
    expect(await tally.drain()).toMatchObject({ done: 1 });
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    "has no grace of %d ms, which no timer can wait",
    async (stopGraceMs) => {
      await expect(createTestEngine({ stopGraceMs })).rejects.toMatchObject({ code: "invalid_request" });
    },
  );

  it("is stopped by close", async () => {
    const { tally } = await createTestEngine({ payment: undefined });
    tally.run();
    await tally.close();
    await expect(tally.health()).rejects.toThrow("pool");
  });
});

describe("runWorker", () => {
  it("goes on after a failure of the database, ticks first and then drains", async () => {
    const calls: string[] = [];
    const thrice = signal();
    const drain: Drain = {
      async drain() {
        calls.push("drain");
        if (calls.length === 3) thrice.give();
        if (calls.length === 2) throw new Error("the database is away");
        return nothing;
      },
      stop: async () => undefined,
    };
    const tick = async (): Promise<void> => void calls.push("tick");
    const worker = runWorker({ drain, tick, logger: silentLogger, pollMs: 1 });
    await thrice.given;
    await worker.stop();
    expect(calls.slice(0, 3)).toEqual(["tick", "drain", "drain"]);
  });

  it("woken while it drains looks again at once", async () => {
    let drains = 0;
    const again = signal();
    const drain: Drain = {
      async drain() {
        drains += 1;
        if (drains === 1) worker.wake();
        else again.give();
        return nothing;
      },
      stop: async () => undefined,
    };
    const worker = runWorker({ drain, tick: async () => undefined, logger: silentLogger, pollMs: 3_600_000 });
    worker.wake();
    await again.given;
    await worker.stop();
    expect(drains).toBeGreaterThanOrEqual(2);
  });

  it("stopped during a tick drains no more, and stops when the tick has ended", async () => {
    const ticking = signal();
    const release = signal();
    const { tally, sql } = await setUp({ payment: undefined });
    await tally.tasks.enqueue({ name: "a" });
    const drain = createDrain({
      database: sql,
      definitions: new Map(),
      retry: defaultRetryPolicy,
      onDead: async () => undefined,
    });
    const tick = async (): Promise<void> => {
      ticking.give();
      await release.given;
      await drain.drain();
    };
    const worker = runWorker({ drain, tick, logger: silentLogger });
    await ticking.given;
    const stopped = worker.stop();
    release.give();
    await stopped;
    expect(await sql.query("select status, attempts from tallystick.task")).toEqual([
      { status: "pending", attempts: 0 },
    ]);
    expect((await drain.drain()).processed).toBe(1);
  });
});
