// Looking at tasks, and what a person may do to them.
import { describe, expect, it } from "vitest";
import { setUp, signal, skipDelays } from "../../test/flows/setup.ts";
import { connect } from "../db/database.ts";
import { defineTask, discard } from "./task.ts";

describe("replay", () => {
  it("reopens a dead, a done, a cancelled and a waiting task, with its history before it", async () => {
    let works = false;
    const fickle = defineTask({
      name: "fickle",
      async run() {
        if (!works) throw discard("not mended yet");
      },
    });
    const { tally } = await setUp({ payment: undefined, tasks: [fickle] });
    const { taskId } = await tally.tasks.enqueue({ name: "fickle", lane: "a" });
    await tally.drain();
    works = true;
    await tally.tasks.replay(taskId, { actor: "ada", reason: "mended" });
    expect(await tally.tasks.get(taskId)).toMatchObject({
      status: "pending",
      attempts: 0,
      lastError: "not mended yet",
    });
    await tally.drain();
    await tally.tasks.replay(taskId);
    await tally.drain();
    await tally.tasks.replay(taskId);
    await tally.tasks.replay(taskId);
    await tally.tasks.cancel(taskId, { actor: "ada", reason: "no longer wanted" });
    expect(await tally.drain()).toMatchObject({ processed: 0, remaining: 0 });
    await tally.tasks.replay(taskId);
    await tally.drain();
    const { status, history } = await tally.tasks.get(taskId);
    expect(status).toBe("done");
    expect(
      history.map(({ outcome, worker, error }) => ({ outcome, ...(outcome === "replayed" ? { worker, error } : {}) })),
    ).toEqual([
      { outcome: "dead" },
      { outcome: "replayed", worker: "ada", error: "mended" },
      { outcome: "done" },
      { outcome: "replayed", worker: "api", error: null },
      { outcome: "done" },
      { outcome: "replayed", worker: "api", error: null },
      { outcome: "replayed", worker: "api", error: null },
      { outcome: "cancelled" },
      { outcome: "replayed", worker: "api", error: null },
      { outcome: "done" },
    ]);
  });

  it("is refused while the task runs, with and without a lane, and changes nothing then", async () => {
    const begun = [signal(), signal()];
    const release = signal();
    const slow = defineTask({
      name: "slow",
      async load({ payload }) {
        begun[Number(payload["n"])]?.give();
        await release.given;
      },
      run: async () => undefined,
    });
    const { tally } = await setUp({ payment: undefined, tasks: [slow] });
    const first = await tally.tasks.enqueue({ name: "slow", lane: "a", payload: { n: 0 } });
    const second = await tally.tasks.enqueue({ name: "slow", payload: { n: 1 } });
    const drained = tally.drain();
    await Promise.all(begun.map(async ({ given }) => given));
    for (const { taskId } of [first, second]) {
      await expect(tally.tasks.replay(taskId)).rejects.toMatchObject({ code: "invalid_state" });
      await expect(tally.tasks.cancel(taskId)).rejects.toMatchObject({ code: "invalid_state" });
    }
    release.give();
    expect(await drained).toMatchObject({ processed: 2, done: 2 });
  });

  it("of an unknown task is not found, whatever the id looks like", async () => {
    const { tally } = await setUp({ payment: undefined });
    for (const id of ["1", "0", "-1", "1.5", "", "abc", "9".repeat(30), "1; drop table tallystick.task"]) {
      await expect(tally.tasks.replay(id)).rejects.toMatchObject({ code: "not_found" });
      await expect(tally.tasks.cancel(id)).rejects.toMatchObject({ code: "not_found" });
      await expect(tally.tasks.get(id)).rejects.toMatchObject({ code: "not_found" });
    }
  });

  it("storms of replays, cancels, claims and settlements in the same lanes end without a deadlock", async () => {
    let runs = 0;
    const work = defineTask({
      name: "work",
      async run({ tx }) {
        runs += 1;
        await tx.query("select 1");
        if (runs % 3 === 0) throw new Error("every third fails");
      },
    });
    const options = { payment: undefined, tasks: [work], retry: { baseDelayMs: 0 } };
    const { tally, sql, databaseUrl } = await setUp(options);
    const { tally: other } = await setUp({ ...options, database: databaseUrl });
    const ids: string[] = [];
    for (let index = 0; index < 20; index += 1) {
      ids.push((await tally.tasks.enqueue({ name: "work", ...(index < 16 && { lane: `lane-${index % 4}` }) })).taskId);
    }
    const refusals: unknown[] = [];
    const allowRefusal = (error: { code?: string }): void => {
      if (error.code === "invalid_state") refusals.push(error);
      else throw error as Error;
    };
    const over = new AbortController();
    const drains = [tally, other].map(async (engine) => {
      while (!over.signal.aborted) await engine.drain();
    });
    await Promise.all(
      Array.from({ length: 6 }, async (_, person) => {
        for (let round = 0; round < 40; round += 1) {
          const id = ids[(person * 7 + round * 3) % ids.length] ?? "0";
          if (round % 5 === 4) await tally.tasks.cancel(id).catch(allowRefusal);
          else await other.tasks.replay(id).catch(allowRefusal);
        }
      }),
    );
    over.abort();
    await Promise.all(drains);
    await skipDelays(sql);
    while ((await tally.drain()).processed > 0) await skipDelays(sql);
    const rows = await sql.query<{ status: string }>(
      "select distinct status from tallystick.task where status not in ('done', 'cancelled')",
    );
    expect(rows).toEqual([]);
    // A deadlock that a retry had hidden would stand in the attempts.
    expect(await sql.query("select error from tallystick.task_attempt where error like '%deadlock%'")).toEqual([]);
  });
});

describe("cancel", () => {
  it("keeps a waiting task from running, and its lane goes on", async () => {
    const ran: unknown[] = [];
    const note = defineTask({ name: "note", run: async ({ payload }) => void ran.push(payload["n"]) });
    const { tally } = await setUp({ payment: undefined, tasks: [note] });
    const { taskId } = await tally.tasks.enqueue({ name: "note", lane: "a", payload: { n: 1 } });
    await tally.tasks.enqueue({ name: "note", lane: "a", payload: { n: 2 } });
    await tally.tasks.cancel(taskId);
    expect(await tally.drain()).toMatchObject({ processed: 1, remaining: 0 });
    expect(ran).toEqual([2]);
    expect(await tally.tasks.get(taskId)).toMatchObject({ status: "cancelled" });
    await tally.tasks.cancel(taskId);
    expect((await tally.tasks.get(taskId)).history).toHaveLength(1);
  });
});

describe("list", () => {
  it("pages newest first, by status, without gaps or repeats", async () => {
    const { tally } = await setUp({
      payment: undefined,
      tasks: [defineTask({ name: "a", run: async () => undefined })],
    });
    for (let index = 0; index < 7; index += 1) await tally.tasks.enqueue({ name: "a" });
    await tally.drain({ maxTasks: 2 });
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await tally.tasks.list({ limit: 2, status: "pending", ...(cursor && { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(["7", "6", "5", "4", "3"]);
    expect((await tally.tasks.list({ status: "done" })).items).toHaveLength(2);
  });
});

describe("the table", () => {
  it("holds no task that runs without a lease, and none with one that does not", async () => {
    const { databaseUrl } = await setUp({ payment: undefined });
    const sql = connect(databaseUrl);
    try {
      await expect(
        sql.query(
          `insert into tallystick.task (name, status, max_attempts, run_at, created_at, updated_at)
           values ('a', 'running', 1, now(), now(), now())`,
        ),
      ).rejects.toThrow("task_lease_check");
    } finally {
      await sql.close();
    }
  });
});
