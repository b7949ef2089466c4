// Tasks that ended long ago are removed, and yet what was enqueued once under a key is never enqueued again.
import { describe, expect, it } from "vitest";
import { setUp, signal, untilBlocked, type Setup } from "../../test/flows/setup.ts";
import { removeEndedTasks } from "./retention.ts";
import { defineTask } from "./task.ts";

const ran: string[] = [];
const note = defineTask({ name: "note", run: async ({ payload }) => void ran.push(String(payload["what"])) });
const broken = defineTask({
  name: "broken",
  run: async () => {
    throw new Error("always");
  },
});

async function age({ sql }: Setup, days: number): Promise<void> {
  await sql.query("update tallystick.task set finished_at = finished_at - make_interval(days => $1)", [days]);
}

const left = async ({ sql }: Setup): Promise<unknown[]> =>
  sql.query("select name, status from tallystick.task order by id");

describe("a task", () => {
  it("is removed with its attempts by the tick 30 days after it was done or cancelled; what waits or is dead stays", async () => {
    const setup = await setUp({ tasks: [note, broken], retry: { maxAttempts: 1 } });
    const { tally, sql } = setup;
    await tally.tasks.enqueue({ name: "note", payload: { what: "done" } });
    await tally.tasks.enqueue({ name: "broken" });
    await tally.drain();
    const { taskId } = await tally.tasks.enqueue({ name: "note", runAt: new Date(Date.now() + 3_600_000) });
    await tally.tasks.cancel(taskId);
    await tally.tasks.enqueue({ name: "note", runAt: new Date(Date.now() + 3_600_000) });
    await age(setup, 29);
    expect((await tally.tick()).maintenance["remove-tasks"]).toEqual({ removed: 0 });
    await age(setup, 1);
    expect((await tally.tick()).maintenance["remove-tasks"]).toEqual({ removed: 2 });
    expect(await left(setup)).toEqual([
      { name: "broken", status: "dead" },
      { name: "note", status: "pending" },
    ]);
    expect(await sql.query("select outcome from tallystick.task_attempt")).toEqual([{ outcome: "dead" }]);
  });

  it("that had a dedupe key is known by it for ever, with its id", async () => {
    const setup = await setUp({ tasks: [note] });
    const { tally, sql } = setup;
    ran.length = 0;
    const once = { name: "note", dedupeKey: "welcome:ada", payload: { what: "welcome" } };
    const { taskId } = await tally.tasks.enqueue(once);
    await tally.drain();
    await age(setup, 31);
    await tally.tick();
    expect(await left(setup)).toEqual([]);
    expect(await tally.tasks.enqueue(once)).toEqual({ taskId, created: false });
    expect(await tally.tasks.enqueue({ ...once, dedupeKey: "welcome:bob" })).toMatchObject({ created: true });
    await tally.drain();
    expect(ran).toEqual(["welcome", "welcome"]);
    await expect(tally.tasks.replay(taskId)).rejects.toMatchObject({ code: "not_found" });
    expect(JSON.stringify(await sql.query("select * from tallystick.task_key"))).not.toMatch(/ada/);
  });

  it("that is enqueued again while it is removed is not enqueued twice", async () => {
    const setup = await setUp({ tasks: [note] });
    const { tally, sql } = setup;
    const once = { name: "note", dedupeKey: "once", payload: { what: "x" } };
    const { taskId } = await tally.tasks.enqueue(once);
    await tally.drain();
    await age(setup, 31);
    const removed = signal();
    const removal = sql.transaction(async (tx) => {
      await tx.query("select tallystick.remove_ended_tasks(array['note'], 30, 10)");
      removed.give();
      await untilBlocked(sql, "%enqueue_task%");
    });
    await removed.given;
    expect(await tally.tasks.enqueue(once)).toEqual({ taskId, created: false });
    await removal;
    expect(await left(setup)).toEqual([]);
  });

  it("that is being replayed is passed over by a removal", async () => {
    const setup = await setUp({ tasks: [note] });
    const { tally, sql } = setup;
    const { taskId } = await tally.tasks.enqueue({ name: "note", payload: { what: "again" } });
    await tally.drain();
    await age(setup, 31);
    await sql.transaction(async (tx) => {
      await tx.query("select tallystick.replay_task($1, 'ann')", [taskId]);
      expect(await removeEndedTasks(sql, { names: ["note"], days: 30 }, 1000)).toBe(0);
    });
    expect(await left(setup)).toEqual([{ name: "note", status: "pending" }]);
  });

  it("is kept for as long as the product says, or for ever", async () => {
    const setup = await setUp({ tasks: [note], taskDays: false });
    expect(Object.keys((await setup.tally.tick()).maintenance)).not.toContain("remove-tasks");
    await expect(setUp({ taskDays: 0 })).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("of another version of the product, whose name is unknown here, is left alone", async () => {
    const setup = await setUp({ tasks: [note] });
    await setup.tally.tasks.enqueue({ name: "note", payload: { what: "x" } });
    await setup.tally.drain();
    await setup.sql.query("update tallystick.task set name = 'of-tomorrow'");
    await age(setup, 365);
    await setup.tally.tick();
    expect(await left(setup)).toEqual([{ name: "of-tomorrow", status: "done" }]);
  });
});
