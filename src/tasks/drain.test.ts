// drain within its limits, beside other drains of the process, and on a small pool.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { setUp, signal, type Setup } from "../../test/flows/setup.ts";
import type { TallystickOptions } from "../options.ts";
import { connect } from "../db/database.ts";
import { createDrain } from "./drain.ts";
import { defaultRetryPolicy } from "./retry-policy.ts";
import { defineTask } from "./task.ts";

const quick = defineTask({ name: "quick", run: async () => undefined });

async function withQuick(count: number, options: Partial<TallystickOptions> = {}): Promise<Setup> {
  const setup = await setUp({ payment: undefined, tasks: [quick], ...options });
  for (let index = 0; index < count; index += 1) await setup.tally.tasks.enqueue({ name: "quick" });
  return setup;
}

async function statuses({ sql }: Setup): Promise<Record<string, number>> {
  const rows = await sql.query<{ status: string; count: number }>(
    "select status, count(*) as count from tallystick.task group by status",
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

describe("drain", () => {
  it("runs all that is due and answers with zeros when nothing is", async () => {
    const { tally } = await withQuick(30);
    expect(await tally.drain()).toEqual({ processed: 30, done: 30, failed: 0, dead: 0, remaining: 0, nextRunAt: null });
    expect(await tally.drain()).toEqual({ processed: 0, done: 0, failed: 0, dead: 0, remaining: 0, nextRunAt: null });
  });

  it.each([1, 5, 7])("begins exactly %i tasks when told so, and leaves the others unclaimed", async (maxTasks) => {
    const setup = await withQuick(20);
    expect(await setup.tally.drain({ maxTasks })).toMatchObject({ processed: maxTasks, remaining: 20 - maxTasks });
    expect(await statuses(setup)).toEqual({ done: maxTasks, pending: 20 - maxTasks });
  });

  it("begins none when its time is over, and says what remains", async () => {
    const setup = await withQuick(3);
    expect(await setup.tally.drain({ budgetMs: 0 })).toMatchObject({ processed: 0, remaining: 3 });
    expect(await setup.tally.drain({ maxTasks: 0 })).toMatchObject({ processed: 0, remaining: 3 });
    expect(await statuses(setup)).toEqual({ pending: 3 });
  });

  it("gives claimed tasks back in their place and with no attempt counted when the time ends before their turn", async () => {
    const slow = defineTask({
      name: "slow",
      async load() {
        // The time passes while this task runs, and the others have been claimed with it.
        const later = performance.now() + 60_000;
        vi.spyOn(performance, "now").mockReturnValue(later);
      },
      run: async () => undefined,
    });
    onTestFinished(() => void vi.restoreAllMocks());
    const setup = await setUp({ payment: undefined, tasks: [slow, quick], poolSize: 1 });
    const { taskId } = await setup.tally.tasks.enqueue({ name: "slow", lane: "first" });
    for (let index = 0; index < 3; index += 1)
      await setup.tally.tasks.enqueue({ name: "quick", lane: `lane-${index}` });
    const { items } = await setup.tally.tasks.list();
    const places = new Map(items.map((task) => [task.id, task.runAt.getTime()]));
    expect(await setup.tally.drain({ budgetMs: 50_000 })).toMatchObject({ processed: 1, done: 1, remaining: 3 });
    vi.restoreAllMocks();
    expect(await setup.tally.tasks.get(taskId)).toMatchObject({ status: "done" });
    for (const { id, status, attempts, runAt } of (await setup.tally.tasks.list({ status: "pending" })).items) {
      expect({ id, status, attempts, place: runAt.getTime() }).toEqual({
        id,
        status: "pending",
        attempts: 0,
        place: places.get(id),
      });
    }
    expect(await setup.tally.drain()).toMatchObject({ done: 3, remaining: 0 });
  });

  it.each([
    ["few ahead of tasks that take long", 30, 4],
    ["many of tasks that take no time", 0, 64],
  ])("claims %s", async (_name, tookMs, most) => {
    let now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now);
    onTestFinished(() => void vi.restoreAllMocks());
    let claimed = 0;
    const timed = defineTask({
      name: "quick",
      async run({ tx }) {
        now += tookMs;
        const [row] = await tx.query<{ count: number }>(
          "select count(*) as count from tallystick.task where status = 'running'",
        );
        claimed = Math.max(claimed, row?.count ?? 0);
      },
    });
    const setup = await setUp({ payment: undefined, tasks: [timed], poolSize: 2 });
    await setup.tally.tasks.enqueueMany(Array.from({ length: 400 }, () => ({ name: "quick" })));
    expect(await setup.tally.drain({ budgetMs: 1e9 })).toMatchObject({ done: 400, remaining: 0 });
    expect(claimed).toBe(most);
  });

  it.each(["it is stopped", "its time ends", "their leases have grown old"])(
    "gives back what it took while the task before was committed, when %s in that moment",
    async (what) => {
      onTestFinished(() => void vi.restoreAllMocks());
      const { databaseUrl, tally } = await withQuick(3);
      const database = connect(databaseUrl, { poolSize: 2 });
      onTestFinished(async () => database.close());
      let stopped: Promise<void> | undefined;
      let settled = 0;
      const drain = createDrain({
        database,
        definitions: new Map([["quick", quick]]),
        retry: defaultRetryPolicy,
        onDead: async () => undefined,
        // Told between the commit and the next task.
        onSettled() {
          settled += 1;
          if (settled > 1) return;
          const later = performance.now() + (what === "its time ends" ? 60_000 : 20_000);
          if (what === "it is stopped") stopped = drain.stop();
          else vi.spyOn(performance, "now").mockReturnValue(later);
        },
      });
      const isOld = what === "their leases have grown old";
      expect(await drain.drain({ budgetMs: 50_000 })).toMatchObject({ done: isOld ? 3 : 1, remaining: isOld ? 0 : 2 });
      vi.restoreAllMocks();
      await stopped;
      const { items } = await tally.tasks.list({ status: "pending" });
      expect(items.map(({ attempts }) => attempts)).toEqual(isOld ? [] : [0, 0]);
      const outcomes = await database.query("select outcome from tallystick.task_attempt order by id");
      // Claimed anew, for an old lease might have run out.
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(["snoozed", "snoozed"]);
      const open = "select 1 from pg_stat_activity where datname = current_database() and state like 'idle in%'";
      expect(await database.query(open)).toEqual([]);
      expect(await drain.drain()).toMatchObject({ done: isOld ? 0 : 2, remaining: 0 });
    },
  );

  it("gives back at once what it claimed too far ahead of tasks of another kind", async () => {
    vi.spyOn(performance, "now").mockReturnValue(performance.now());
    onTestFinished(() => void vi.restoreAllMocks());
    let claimed = 0;
    const other = defineTask({
      name: "other",
      async run({ tx }) {
        const [row] = await tx.query<{ count: number }>(
          "select count(*) as count from tallystick.task where status = 'running'",
        );
        claimed = Math.max(claimed, row?.count ?? 0);
      },
    });
    const setup = await setUp({ payment: undefined, tasks: [quick, other], poolSize: 2 });
    await setup.tally.tasks.enqueueMany(Array.from({ length: 300 }, () => ({ name: "quick" })));
    await setup.tally.tasks.enqueueMany(Array.from({ length: 100 }, () => ({ name: "other" })));
    expect(await setup.tally.drain({ budgetMs: 1e9 })).toMatchObject({ done: 400, remaining: 0 });
    // In no time, so that they are claimed further ahead in the end too.
    expect(claimed).toBeGreaterThan(4);
    const [first] = await setup.sql.query<{ count: number }>(
      `select count(*) as count from tallystick.task_attempt attempt join tallystick.task on task.id = task_id
       where outcome = 'snoozed' and name = 'other'`,
    );
    expect(first?.count).toBeGreaterThan(0);
  });

  it("that begins between the ends of two stops can be stopped too", async () => {
    const { databaseUrl } = await withQuick(3);
    const database = connect(databaseUrl, { poolSize: 2 });
    onTestFinished(async () => database.close());
    const [begun, release, gate] = [signal(), signal(), signal()];
    const slow = defineTask({
      name: "quick",
      async run() {
        begun.give();
        await release.given;
      },
    });
    const onDead = async (): Promise<void> => undefined;
    const definitions = new Map([["quick", slow]]);
    const drain = createDrain({ database, definitions, retry: defaultRetryPolicy, onDead });
    const second = drain.stop(gate.given);
    await drain.stop();
    const drained = drain.drain();
    await begun.given;
    gate.give();
    await second;
    const third = drain.stop();
    release.give();
    expect(await drained).toMatchObject({ done: 1, remaining: 2 });
    await third;
  });

  it("works with a pool of one connection", async () => {
    const setup = await withQuick(12, { poolSize: 1 });
    await setup.tally.tasks.enqueue({ name: "quick", lane: "a" });
    expect(await setup.tally.drain()).toMatchObject({ done: 13, remaining: 0 });
  });

  it("goes on claiming while one task takes long", async () => {
    const begun = signal();
    const release = signal();
    const ran = signal();
    const slow = defineTask({
      name: "slow",
      async load() {
        begun.give();
        await release.given;
      },
      run: async () => undefined,
    });
    const urgent = defineTask({ name: "urgent", run: async () => ran.give() });
    const { tally } = await setUp({ payment: undefined, tasks: [slow, urgent] });
    await tally.tasks.enqueue({ name: "slow" });
    const drained = tally.drain();
    await begun.given;
    await tally.tasks.enqueue({ name: "urgent" });
    const second = tally.drain();
    await ran.given;
    release.give();
    expect(await drained).toMatchObject({ done: 2 });
    expect(await second).toMatchObject({ processed: 0, remaining: 0 });
  });
});

describe("drains at once in one process", () => {
  it("share the work, each task once, and all find it finished", async () => {
    const setup = await withQuick(40);
    const results = await Promise.all(Array.from({ length: 10 }, async () => setup.tally.drain()));
    expect(results.reduce((sum, { processed }) => sum + processed, 0)).toBeGreaterThanOrEqual(40);
    expect(results.map(({ remaining }) => remaining)).toEqual(Array.from({ length: 10 }, () => 0));
    expect(await statuses(setup)).toEqual({ done: 40 });
    expect(await setup.sql.query("select max(attempts) as attempts from tallystick.task")).toEqual([{ attempts: 1 }]);
  });

  it("reach what was committed before each call, whatever point the other drain is at", async () => {
    const { tally, sql } = await withQuick(0);
    await Promise.all(
      Array.from({ length: 150 }, async () => {
        const { taskId } = await tally.tasks.enqueue({ name: "quick" });
        await tally.drain();
        const [task] = await sql.query("select status from tallystick.task where id = $1", [taskId]);
        expect(task).toEqual({ status: "done" });
      }),
    );
  });

  it("are not held to the smaller limits of the one that runs", async () => {
    const { tally } = await withQuick(10);
    const small = tally.drain({ maxTasks: 1 });
    const all = tally.drain();
    expect(await small).toMatchObject({ processed: 1 });
    expect(await all).toMatchObject({ processed: 9, remaining: 0 });
  });
});

describe("a database that fails", () => {
  it("by a backend killed in the middle of an effect costs one attempt, and the effect is there once after the next", async () => {
    let calls = 0;
    const write = defineTask({
      name: "write",
      async run({ tx }) {
        calls += 1;
        await tx.query("insert into effect values (1)");
        if (calls === 1) await tx.query("select pg_terminate_backend(pg_backend_pid())");
      },
    });
    const { tally, sql } = await setUp({ payment: undefined, tasks: [write], retry: { baseDelayMs: 0 } });
    await sql.query("create table effect (a integer)");
    const { taskId } = await tally.tasks.enqueue({ name: "write", lane: "a" });
    expect(await tally.drain()).toMatchObject({ processed: 2, failed: 1, done: 1 });
    expect(await sql.query("select a from effect")).toEqual([{ a: 1 }]);
    expect(await tally.tasks.get(taskId)).toMatchObject({ status: "done", attempts: 2 });
  });

  it("by the claim itself rejects the drain, and the next one works", async () => {
    const { tally, sql } = await withQuick(1);
    await sql.query("alter function tallystick.claim_tasks(integer, integer, text) rename to claim_tasks_away");
    await expect(tally.drain()).rejects.toMatchObject({ code: "not_migrated" });
    await sql.query("alter function tallystick.claim_tasks_away(integer, integer, text) rename to claim_tasks");
    expect(await tally.drain()).toMatchObject({ done: 1 });
  });
});
