// How a task ends: done, tried again, put off, given up; and what is recorded of it.
import { describe, expect, it } from "vitest";
import { expireLeases, setUp, signal, skipDelays, type Setup } from "../../test/flows/setup.ts";
import type { TallystickOptions } from "../options.ts";
import { defineTask, discard, retryLater, type TaskDefinition } from "./task.ts";
import { startReceiver, type Receiver } from "../../test/receiver.ts";
import { slack } from "../notification/slack.ts";

async function withTask(
  task: TaskDefinition,
  options: Partial<TallystickOptions> = {},
): Promise<Setup & { taskId: string }> {
  const setup = await setUp({ payment: undefined, tasks: [task], ...options });
  const { taskId } = await setup.tally.tasks.enqueue({ name: task.name, payload: { from: "test" } });
  return { ...setup, taskId };
}

function channelOf(receiver: Receiver) {
  return slack({ url: `${receiver.origin}/services/T/B/secret-path`, allowPrivateHosts: true });
}

async function outcomes({ tally, taskId }: Pick<Setup & { taskId: string }, "tally" | "taskId">): Promise<unknown[]> {
  return (await tally.tasks.get(taskId)).history.map(({ attempt, outcome }) => [attempt, outcome]);
}

describe("a task that works", () => {
  it("commits its effect and its completion together, and keeps its answer", async () => {
    const setup = await withTask(
      defineTask({
        name: "work",
        async run({ tx, payload, attempt, taskId }) {
          await tx.query("create table effect (task_id bigint)");
          await tx.query("insert into effect values ($1)", [taskId]);
          return { ...payload, attempt };
        },
      }),
    );
    expect(await setup.tally.drain()).toMatchObject({ processed: 1, done: 1, failed: 0, dead: 0, remaining: 0 });
    expect(await setup.tally.tasks.get(setup.taskId)).toMatchObject({ status: "done", attempts: 1, lastError: null });
    expect(await outcomes(setup)).toEqual([[1, "done"]]);
    expect(await setup.sql.query("select result from tallystick.task")).toEqual([
      { result: { from: "test", attempt: 1 } },
    ]);
    expect(await setup.sql.query("select count(*) as count from effect")).toEqual([{ count: 1 }]);
  });
});

describe("a task that fails", () => {
  it("is rolled back, recorded, tried again after its delay, and forgets its error when it works", async () => {
    let calls = 0;
    const setup = await withTask(
      defineTask({
        name: "second-time-lucky",
        async run({ tx }) {
          calls += 1;
          await tx.query("create table effect (a integer)");
          if (calls === 1) throw new Error("https://user:secret@example.com/path did not work");
        },
      }),
    );
    const before = Date.now();
    expect(await setup.tally.drain()).toMatchObject({ processed: 1, failed: 1 });
    const failed = await setup.tally.tasks.get(setup.taskId);
    expect(failed).toMatchObject({ status: "pending", attempts: 1, lastError: "https://example.com/… did not work" });
    expect(failed.runAt.getTime()).toBeLessThanOrEqual(Date.now() + 5_000);
    expect(failed.runAt.getTime()).toBeGreaterThanOrEqual(before - 1_000);
    await skipDelays(setup.sql);
    expect(await setup.tally.drain()).toMatchObject({ processed: 1, done: 1 });
    expect(await setup.tally.tasks.get(setup.taskId)).toMatchObject({ status: "done", attempts: 2, lastError: null });
    expect(await outcomes(setup)).toEqual([
      [1, "retry"],
      [2, "done"],
    ]);
  });

  it("is settled whatever its error's text holds", async () => {
    const setup = await withTask(
      defineTask({
        name: "odd",
        async run() {
          throw new Error("a\0b");
        },
      }),
    );
    expect(await setup.tally.drain({ maxTasks: 1 })).toMatchObject({ failed: 1 });
    expect(await setup.tally.tasks.get(setup.taskId)).toMatchObject({ lastError: "a\ufffdb" });
  });

  it("is a dead letter after its last attempt, and announced once for each death", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    const setup = await withTask(
      defineTask({
        name: "hopeless",
        maxAttempts: 3,
        async run() {
          throw new Error("still broken");
        },
      }),
      { notifications: [channelOf(receiver)] },
    );
    for (let round = 0; round < 5; round += 1) {
      await setup.tally.drain();
      await skipDelays(setup.sql);
    }
    expect(await setup.tally.tasks.get(setup.taskId)).toMatchObject({
      status: "dead",
      attempts: 3,
      lastError: "still broken",
    });
    expect(await outcomes(setup)).toEqual([
      [1, "retry"],
      [2, "retry"],
      [3, "dead"],
    ]);
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]?.body).toContain("still broken");
    await setup.tally.tasks.replay(setup.taskId);
    for (let round = 0; round < 4; round += 1) {
      await setup.tally.drain();
      await skipDelays(setup.sql);
    }
    const announced = await setup.sql.query("select kind, severity from tallystick.notification");
    expect(announced).toEqual(Array.from({ length: 2 }, () => ({ kind: "task.dead", severity: "critical" })));
  });

  it("is a dead letter at once when it says that no retry can help, and its onDead commits with that", async () => {
    const setup = await withTask(
      defineTask({
        name: "useless",
        async run() {
          throw discard("nobody wants this");
        },
        async onDead({ tx, error, payload }) {
          await tx.query("create table grave (error text, payload text)");
          await tx.query("insert into grave values ($1, $2)", [error, JSON.stringify(payload)]);
        },
      }),
    );
    expect(await setup.tally.drain()).toMatchObject({ processed: 1, dead: 1 });
    expect(await setup.sql.query("select * from grave")).toEqual([
      { error: "nobody wants this", payload: JSON.stringify({ from: "test" }) },
    ]);
  });

  it.each([
    ["throws", false, "division by zero"],
    ["passes over a statement that failed", true, "current transaction is aborted"],
  ])("is buried even when its onDead %s, and both errors are told", async (_name, passesOver, told) => {
    const setup = await withTask(
      defineTask({
        name: "double-fault",
        async run() {
          throw discard("the first error");
        },
        async onDead({ tx }) {
          const failing = tx.query("select 1 / 0");
          await (passesOver ? failing.catch(() => undefined) : failing);
        },
      }),
    );
    expect(await setup.tally.drain()).toMatchObject({ dead: 1 });
    const { status, lastError } = await setup.tally.tasks.get(setup.taskId);
    expect(status).toBe("dead");
    expect(lastError).toContain("the first error");
    expect(lastError).toContain(told);
  });

  it("by statements that it left behind harms no other, and they change nothing", async () => {
    const late = signal();
    let left: Promise<unknown> = Promise.resolve();
    const setup = await withTask(
      defineTask({
        name: "careless",
        async run({ tx }) {
          await tx.query("create table made (by text)");
          left = late.given
            .then(async () => tx.query("insert into made values ('careless')"))
            .catch((error: unknown) => error);
          throw discard("gone");
        },
      }),
    );
    expect(await setup.tally.drain()).toMatchObject({ dead: 1 });
    late.give();
    expect(await left).toMatchObject({ code: "invalid_state" });
  });

  it("is a dead letter with an alert when its worker was lost in every attempt", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    const task = defineTask({ name: "killer", maxAttempts: 2, run: async () => undefined });
    const setup = await withTask(task, { notifications: [channelOf(receiver)] });
    for (let round = 0; round < 2; round += 1) {
      const claimed = await setup.sql.query("select tallystick.claim_tasks(10, 30000, 'a worker that dies')");
      expect(claimed).toHaveLength(1);
      await expireLeases(setup.sql);
    }
    expect(await setup.tally.drain()).toMatchObject({ dead: 1 });
    expect(await setup.tally.tasks.get(setup.taskId)).toMatchObject({
      status: "dead",
      attempts: 2,
      lastError: "the worker stopped in every attempt",
    });
    expect(await outcomes(setup)).toEqual([
      [1, "lost"],
      [2, "lost"],
      [3, "dead"],
    ]);
    expect(receiver.received).toHaveLength(1);
  });

  it("waits for another deployment when its name is not known here, says so, and spends no attempt", async () => {
    const setup = await setUp({ payment: undefined });
    const { taskId } = await setup.tally.tasks.enqueue({ name: "from-a-newer-version" });
    expect(await setup.tally.drain({ maxTasks: 1 })).toMatchObject({ failed: 1 });
    expect(await setup.tally.tasks.get(taskId)).toMatchObject({
      status: "pending",
      attempts: 0,
      lastError: "no task named from-a-newer-version is defined here",
    });
  });
});

describe("a load", () => {
  it("that takes too long is left behind, told to stop, and its task tried again", async () => {
    let reason: unknown;
    const setup = await withTask(
      defineTask({
        name: "slow",
        loadTimeoutMs: 20,
        async load({ signal: aborted }) {
          aborted.addEventListener("abort", () => (reason = aborted.reason));
          await new Promise(() => undefined);
        },
        run: async () => undefined,
      }),
    );
    expect(await setup.tally.drain({ maxTasks: 1 })).toMatchObject({ failed: 1 });
    expect(await setup.tally.tasks.get(setup.taskId)).toMatchObject({ lastError: "load took longer than 20 ms" });
    expect(reason).toBeInstanceOf(DOMException);
  });

  it("runs with no transaction open, so that a slow receiver holds no connection", async () => {
    const states: unknown[] = [];
    const setup = await setUp({
      payment: undefined,
      tasks: [
        defineTask({
          name: "look",
          async load() {
            states.push(
              ...(await setup.sql.query(
                `select state from pg_stat_activity where datname = current_database() and state like '%transaction%'`,
              )),
            );
          },
          run: async () => undefined,
        }),
      ],
    });
    await setup.tally.tasks.enqueue({ name: "look" });
    expect(await setup.tally.drain()).toMatchObject({ done: 1 });
    expect(states).toEqual([]);
  });
});

describe("a task that asks to be run later", () => {
  it("counts no attempt, however often", async () => {
    let calls = 0;
    const setup = await withTask(
      defineTask({
        name: "patient",
        maxAttempts: 2,
        async run() {
          calls += 1;
          if (calls <= 5) throw retryLater("not yet", 60_000);
        },
      }),
    );
    for (let round = 0; round < 6; round += 1) {
      await setup.tally.drain();
      await skipDelays(setup.sql);
    }
    expect(await setup.tally.tasks.get(setup.taskId)).toMatchObject({ status: "done", attempts: 1 });
    expect((await outcomes(setup)).map((entry) => (entry as unknown[])[1])).toEqual([
      ...Array.from({ length: 5 }, () => "snoozed"),
      "done",
    ]);
  });

  it("and pauses its lane holds up that lane alone, whatever is enqueued there meanwhile", async () => {
    const seen: string[] = [];
    const polite = defineTask({
      name: "polite",
      async run({ payload }) {
        seen.push(`${String(payload["lane"])}${String(payload["n"])}`);
        if (payload["lane"] === "a") throw retryLater("too many requests", 60_000, true);
      },
    });
    const setup = await setUp({ payment: undefined, tasks: [polite] });
    const add = async (lane: string, n: number): Promise<unknown> =>
      setup.tally.tasks.enqueue({ name: "polite", lane, payload: { lane, n } });
    await add("a", 1);
    await add("a", 2);
    await add("b", 1);
    await setup.tally.drain();
    await add("a", 3);
    await add("b", 2);
    await setup.tally.drain();
    expect(seen.toSorted()).toEqual(["a1", "b1", "b2"]);
  });

  it("rests its lane after a success for as long as its definition says", async () => {
    const paced = defineTask({ name: "paced", pauseLaneMs: () => 60_000, run: async () => undefined });
    const setup = await setUp({ payment: undefined, tasks: [paced] });
    await setup.tally.tasks.enqueue({ name: "paced", lane: "a" });
    await setup.tally.tasks.enqueue({ name: "paced", lane: "a" });
    const before = Date.now();
    const { done, nextRunAt } = await setup.tally.drain();
    expect(done).toBe(1);
    expect(nextRunAt?.getTime()).toBeGreaterThan(before + 58_000);
  });
});
