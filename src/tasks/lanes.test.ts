// Lanes under several workers on one database: one task at a time, in order, and no lane in another's way.
import { describe, expect, it } from "vitest";
import { expireLeases, setUp, signal, type Setup } from "../../test/flows/setup.ts";
import { defineTask, type TaskDefinition } from "./task.ts";

/** Engines on one database, all with the same tasks. */
async function engines(count: number, tasks: readonly TaskDefinition[]): Promise<readonly [Setup, ...Setup[]]> {
  const first = await setUp({ tasks, payment: undefined });
  const others: Setup[] = [];
  for (let index = 1; index < count; index += 1) {
    others.push(await setUp({ tasks, payment: undefined, database: first.databaseUrl }));
  }
  return [first, ...others];
}

describe("a lane", () => {
  it("runs one task at a time and in order, with four workers and a load that overlaps whatever it can", async () => {
    const running = new Map<string, number>();
    const ran = new Map<string, number[]>();
    let overlaps = 0;
    const step = defineTask<number>({
      name: "step",
      async load({ payload }) {
        const lane = String(payload["lane"]);
        running.set(lane, (running.get(lane) ?? 0) + 1);
        if ((running.get(lane) ?? 0) > 1) overlaps += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return 0;
      },
      async run({ tx, payload }) {
        await tx.query("select 1");
        const lane = String(payload["lane"]);
        running.set(lane, (running.get(lane) ?? 0) - 1);
        ran.set(lane, [...(ran.get(lane) ?? []), Number(payload["number"])]);
      },
    });
    const [first, ...others] = await engines(4, [step]);
    for (let number = 0; number < 25; number += 1) {
      for (const lane of ["a", "b", "c", "d", "e"]) {
        await first.tally.tasks.enqueue({ name: "step", lane, payload: { lane, number } });
      }
    }
    await Promise.all([first, ...others].map(async ({ tally }) => tally.drain({ budgetMs: 30_000 })));
    await first.tally.drain();
    expect(overlaps).toBe(0);
    const order = Array.from({ length: 25 }, (_, number) => number);
    expect(Object.fromEntries(ran)).toEqual({ a: order, b: order, c: order, d: order, e: order });
  });

  it("with thousands of waiting tasks does not slow the claims of others", async () => {
    const seen: string[] = [];
    const note = defineTask({
      name: "note",
      run: async ({ payload }) => void seen.push(String(payload["lane"])),
    });
    const [{ tally, sql }] = await engines(1, [note]);
    await sql.query(
      `insert into tallystick.task (name, lane, max_attempts, run_at, created_at, updated_at, payload)
       select 'note', 'hot', 1, clock_timestamp() - interval '1 hour', clock_timestamp(), clock_timestamp(), '{"lane": "hot"}'
       from generate_series(1, 20000)`,
    );
    await sql.query(
      "insert into tallystick.task_lane (name, ready_at) values ('hot', clock_timestamp() - interval '1 hour')",
    );
    for (const lane of ["x", "y", "z"]) await tally.tasks.enqueue({ name: "note", lane, payload: { lane } });
    await tally.drain({ maxTasks: 8 });
    expect(seen.filter((lane) => lane !== "hot").toSorted()).toEqual(["x", "y", "z"]);
  });

  it("that fails goes on with its next task while the failed one waits", async () => {
    const seen: string[] = [];
    const moody = defineTask({
      name: "moody",
      async run({ payload }) {
        seen.push(String(payload["what"]));
        if (payload["what"] === "poison") throw new Error("no");
      },
    });
    const [{ tally }] = await engines(1, [moody]);
    await tally.tasks.enqueue({ name: "moody", lane: "a", payload: { what: "poison" } });
    await tally.tasks.enqueue({ name: "moody", lane: "a", payload: { what: "good" } });
    await tally.drain({ maxTasks: 2 });
    expect(seen).toEqual(["poison", "good"]);
  });

  it("is taken over when its worker hangs, and the hanging worker's effect is rolled back", async () => {
    const hung = signal();
    const release = signal();
    let loads = 0;
    const effect = defineTask<number>({
      name: "effect",
      async load() {
        loads += 1;
        if (loads > 1) return 2;
        hung.give();
        await release.given;
        return 1;
      },
      async run({ tx, loaded }) {
        await tx.query("create table if not exists effect (by integer)");
        await tx.query("insert into effect values ($1)", [loaded]);
      },
    });
    const [first, second] = await engines(2, [effect]);
    if (second === undefined) throw new Error("one engine");
    await first.tally.tasks.enqueue({ name: "effect", lane: "a" });
    const hanging = first.tally.drain({ maxTasks: 1 });
    await hung.given;
    await expireLeases(first.sql);
    expect(await second.tally.drain()).toMatchObject({ done: 1 });
    release.give();
    expect(await hanging).toMatchObject({ processed: 1, done: 0, failed: 0, dead: 0 });
    expect(await first.sql.query("select by from effect")).toEqual([{ by: 2 }]);
  });
});
