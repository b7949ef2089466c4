// Enqueueing: in the caller's transaction, once for a dedupe key, and never lost to a lane that is being settled.
import { describe, expect, it } from "vitest";
import { setUp, signal, untilBlocked } from "../../test/flows/setup.ts";
import { enqueueTask } from "./enqueue.ts";
import { defineTask } from "./task.ts";

const quick = defineTask({ name: "quick", run: async () => undefined });

describe("enqueue", () => {
  it("rolls back with the caller's transaction, and exists when it commits", async () => {
    const { tally, sql } = await setUp({ tasks: [quick] });
    await expect(
      sql.transaction(async (tx) => {
        await tally.tasks.enqueue({ name: "quick", lane: "a" }, { tx });
        throw new Error("rolled back");
      }),
    ).rejects.toThrow("rolled back");
    expect((await tally.tasks.list()).items).toEqual([]);
    expect(await tally.drain()).toMatchObject({ processed: 0, remaining: 0, nextRunAt: null });
    await sql.transaction(async (tx) => tally.tasks.enqueue({ name: "quick", lane: "a" }, { tx }));
    expect(await tally.drain()).toMatchObject({ processed: 1, done: 1, remaining: 0 });
  });

  it("writes a dedupe key once for ever, also after its task is done, and answers the task that has it", async () => {
    const { tally } = await setUp({ tasks: [quick] });
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => tally.tasks.enqueue({ name: "quick", dedupeKey: "once", lane: "a" })),
    );
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(answers.map(({ taskId }) => taskId)).size).toBe(1);
    expect((await tally.drain()).processed).toBe(1);
    const again = await tally.tasks.enqueue({ name: "quick", dedupeKey: "once" });
    expect(again).toEqual({ taskId: answers[0]?.taskId, created: false });
    expect((await tally.drain()).processed).toBe(0);
  });

  it("keeps a task until its time, and tells when that is", async () => {
    const { tally, sql } = await setUp({ tasks: [quick] });
    const runAt = new Date(Date.now() + 3_600_000);
    const { taskId } = await tally.tasks.enqueue({ name: "quick", lane: "a", runAt });
    expect(await tally.drain()).toMatchObject({ processed: 0, remaining: 0, nextRunAt: runAt });
    await tally.tasks.enqueue({ name: "quick", lane: "a" });
    expect(await tally.drain()).toMatchObject({ processed: 1, nextRunAt: runAt });
    await sql.query("update tallystick.task set run_at = clock_timestamp() where id = $1", [taskId]);
    await sql.query("update tallystick.task_lane set ready_at = clock_timestamp()");
    expect(await tally.drain()).toMatchObject({ processed: 1, nextRunAt: null });
  });
});

describe("a lane that is being settled", () => {
  it("waits for an enqueue that has not committed yet, and then holds its task", async () => {
    const begun = signal();
    const finish = signal();
    const slow = defineTask({
      name: "slow",
      async load() {
        begun.give();
        await finish.given;
      },
      run: async () => undefined,
    });
    const { tally, sql } = await setUp({ tasks: [quick, slow] });
    await tally.tasks.enqueue({ name: "slow", lane: "a" });
    const drained = tally.drain();
    await begun.given;
    await sql.transaction(async (tx) => {
      await enqueueTask(tx, { name: "quick", lane: "a", maxAttempts: 1 });
      finish.give();
      await untilBlocked(sql, "%complete_task%");
    });
    expect(await drained).toMatchObject({ done: 2, remaining: 0, nextRunAt: null });
  });

  it("lets two enqueues into one sleeping lane overlap with its settlement without a deadlock", async () => {
    const { tally, sql } = await setUp({ tasks: [quick] });
    for (let round = 0; round < 5; round += 1) {
      await tally.tasks.enqueue({ name: "quick", lane: "a" });
      const gate = signal();
      const enqueues = Array.from({ length: 3 }, async () =>
        sql.transaction(async (tx) => {
          await enqueueTask(tx, { name: "quick", lane: "a", maxAttempts: 1 });
          await gate.given;
        }),
      );
      const drained = tally.drain();
      gate.give();
      await Promise.all([...enqueues, drained]);
      await tally.drain();
      expect((await tally.tasks.list({ status: "pending" })).items).toEqual([]);
    }
  });

  it("loses no task when many enqueues race many drains on few lanes", async () => {
    const options = { tasks: [quick], payment: undefined };
    const { tally, databaseUrl, sql } = await setUp(options);
    const { tally: other } = await setUp({ ...options, database: databaseUrl });
    const enqueued = new AbortController();
    const drains = [tally, other].map(async (engine) => {
      while (!enqueued.signal.aborted) await engine.drain();
    });
    await Promise.all(
      Array.from({ length: 8 }, async (_, producer) => {
        for (let index = 0; index < 40; index += 1) {
          const lane = `lane-${(producer + index) % 3}`;
          // Every other in a longer transaction, so that its commit falls anywhere in a settlement.
          if (index % 2 === 0) await tally.tasks.enqueue({ name: "quick", lane });
          else {
            await sql.transaction(async (tx) => {
              await tally.tasks.enqueue({ name: "quick", lane }, { tx });
              await tx.query("select 1");
            });
          }
        }
      }),
    );
    enqueued.abort();
    await Promise.all(drains);
    // The last enqueue may come after the last claim; nothing that one more look would not find may be left.
    await tally.drain();
    const rows = await sql.query("select status, count(*) as count from tallystick.task group by status");
    expect(rows).toEqual([{ status: "done", count: 320 }]);
    const lanes = await sql.query(
      "select name from tallystick.task_lane where ready_at is not null or lease_token is not null",
    );
    expect(lanes).toEqual([]);
  });
});

describe("tasks that are enqueued together", () => {
  it("in many lanes by many at once never lock each other out, and each is run once", async () => {
    const { tally, sql } = await setUp({ tasks: [quick] });
    let enqueued = 0;
    for (let round = 0; round < 10; round += 1) {
      // Half of the lanes are new in this round, the others sleep.
      const lanes = Array.from({ length: 60 }, (_, index) => `lane-${index + round * 30}`);
      const bundles = Array.from({ length: 4 }, () => lanes.filter(() => Math.random() < 0.7));
      enqueued += bundles.flat().length;
      await Promise.all(
        bundles.map(async (bundle) =>
          sql.query(
            `select tallystick.enqueue_tasks('quick', 1, array_agg(nextval('tallystick.task_id_seq')), array_agg(lane),
               array_agg('{}'::jsonb)) from unnest($1::text[]) as lane`,
            [bundle],
          ),
        ),
      );
      expect(await tally.drain()).toMatchObject({ done: bundles.flat().length, remaining: 0, nextRunAt: null });
    }
    const [row] = await sql.query(
      `select count(*)::integer as tasks, (select deadlocks::integer from pg_stat_database where datname = current_database())
       as deadlocks from tallystick.task where status = 'done'`,
    );
    expect(row).toEqual({ tasks: enqueued, deadlocks: 0 });
  });
});
