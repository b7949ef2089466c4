// enqueueMany: what enqueue does, for many tasks in one statement.
import { describe, expect, it } from "vitest";
import { setUp } from "../../test/flows/setup.ts";
import { defineTask } from "./task.ts";

describe("enqueueMany", () => {
  it("runs the tasks of a lane in the order in which they were given, each with its own payload", async () => {
    const ran: unknown[] = [];
    const note = defineTask({ name: "note", run: async ({ payload }) => void ran.push(payload["n"]) });
    const { tally } = await setUp({ tasks: [note] });
    const answers = await tally.tasks.enqueueMany(
      Array.from({ length: 20 }, (_, n) => ({ name: "note", lane: "a", payload: { n } })),
    );
    expect(answers.every(({ created }) => created)).toBe(true);
    expect(await tally.drain()).toMatchObject({ done: 20, remaining: 0, nextRunAt: null });
    expect(ran).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it("answers in their order, with the older task of a key that is taken, by an earlier call or the same one", async () => {
    const { tally } = await setUp({ tasks: [defineTask({ name: "quick", run: async () => undefined })] });
    const older = await tally.tasks.enqueue({ name: "quick", dedupeKey: "older" });
    const [first, taken, again, free] = await tally.tasks.enqueueMany([
      { name: "quick", dedupeKey: "new" },
      { name: "quick", dedupeKey: "older" },
      { name: "quick", dedupeKey: "new" },
      { name: "quick" },
    ]);
    expect([first?.created, taken?.created, again?.created, free?.created]).toEqual([true, false, false, true]);
    expect(taken?.taskId).toBe(older.taskId);
    expect(again?.taskId).toBe(first?.taskId);
    expect(await tally.drain()).toMatchObject({ done: 3, remaining: 0 });
  });

  it("keeps each task until its own time, with its definition's attempts, and none for an empty list", async () => {
    const { tally } = await setUp({
      tasks: [defineTask({ name: "rare", maxAttempts: 2, run: async () => undefined })],
    });
    const runAt = new Date(Date.now() + 3_600_000);
    expect(await tally.tasks.enqueueMany([])).toEqual([]);
    const [later, now] = await tally.tasks.enqueueMany([
      { name: "rare", lane: "a", runAt },
      { name: "rare", lane: "b" },
    ]);
    expect(await tally.drain()).toMatchObject({ processed: 1, done: 1, nextRunAt: runAt });
    expect(await tally.tasks.get(later?.taskId ?? "")).toMatchObject({ status: "pending", maxAttempts: 2 });
    expect(await tally.tasks.get(now?.taskId ?? "")).toMatchObject({ status: "done" });
  });

  it("writes none when one can't be, or when the caller's transaction rolls back", async () => {
    const { tally, sql } = await setUp({ tasks: [defineTask({ name: "quick", run: async () => undefined })] });
    await expect(tally.tasks.enqueueMany([{ name: "quick" }, { name: "" }])).rejects.toThrow("task_name_check");
    await expect(
      sql.transaction(async (tx) => {
        await tally.tasks.enqueueMany([{ name: "quick" }, { name: "quick", lane: "a" }], { tx });
        throw new Error("rolled back");
      }),
    ).rejects.toThrow("rolled back");
    expect((await tally.tasks.list()).items).toEqual([]);
  });

  it("never locks itself out when many enqueue into the same sleeping lanes in opposite orders", async () => {
    const { tally } = await setUp({ tasks: [defineTask({ name: "quick", run: async () => undefined })] });
    const lanes = Array.from({ length: 40 }, (_, index) => ({ name: "quick", lane: `lane-${index}` }));
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all(
        [lanes, lanes.toReversed(), lanes, lanes.toReversed()].map(async (tasks) => tally.tasks.enqueueMany(tasks)),
      );
      let done = 0;
      for (let drained = await tally.drain(); drained.processed > 0; drained = await tally.drain())
        done += drained.done;
      expect(done).toBe(160);
    }
  });
});
