// What is handed to a driver, and what is kept for the next call.
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { connect, type Database } from "../db/database.ts";
import { enqueueTask } from "./enqueue.ts";
import { createWaking, type Driver, type Wake } from "./wake.ts";

let database: Database;
let handed: Wake[][];
let isAway: boolean;

const driver: Driver = {
  name: "recorder",
  async wake(wakes) {
    if (isAway) throw new Error("connection refused");
    handed.push([...wakes]);
  },
  check: async () => undefined,
  close: async () => undefined,
};

beforeEach(async () => {
  database = connect(await createTestDatabase());
  handed = [];
  isAway = false;
});
afterEach(async () => database.close());

const enqueue = async (given: { lane?: string; runAt?: Date } = {}): Promise<string> =>
  String((await enqueueTask(database, { name: "note", maxAttempts: 3, ...given })).taskId);

it("hands each waiting task over once, with its lane and how long it may wait", async () => {
  const first = await enqueue();
  const second = await enqueue({ lane: "ada", runAt: new Date(Date.now() + 60_000) });
  const wake = createWaking(database, driver, []);
  expect(await wake()).toEqual({ woken: 2 });
  expect(handed).toEqual([
    [
      { taskId: first, lane: null, delayMs: 0 },
      { taskId: second, lane: "ada", delayMs: expect.any(Number) },
    ],
  ]);
  expect(handed[0]?.[1]?.delayMs).toBeGreaterThan(50_000);
  expect(await wake()).toEqual({ woken: 0 });
});

it("waits for the pause of a task's lane", async () => {
  await enqueue({ lane: "ada" });
  await database.query(
    "update tallystick.task_lane set paused_until = tallystick.clock() + interval '1 minute' where name = 'ada'",
  );
  await createWaking(database, driver, [])();
  expect(handed[0]?.[0]?.delayMs).toBeGreaterThan(50_000);
});

it("keeps what the driver refuses for the next call, and says which driver it was", async () => {
  const taskId = await enqueue();
  const wake = createWaking(database, driver, []);
  isAway = true;
  await expect(wake()).rejects.toMatchObject({
    code: "driver_unavailable",
    message: expect.stringMatching(/recorder .*connection refused/),
  });
  isAway = false;
  expect(await wake()).toEqual({ woken: 1 });
  expect(handed).toEqual([[{ taskId, lane: null, delayMs: 0 }]]);
});

it("hands over more than a batch, and hands nothing twice to callers at the same moment", async () => {
  await database.query("select tallystick.enqueue_task('note', '{}', 3) from generate_series(1, 1200)");
  const wake = createWaking(database, driver, []);
  const results = await Promise.all([wake(), wake(), wake()]);
  const ids = handed.flat().map(({ taskId }) => taskId);
  expect(new Set(ids).size).toBe(ids.length);
  const rest = await wake();
  expect(results.reduce((sum, { woken }) => sum + woken, rest.woken)).toBe(1_200);
});

it("wakes again what is to be tried again, and what is replayed", async () => {
  const taskId = await enqueue();
  const wake = createWaking(database, driver, []);
  await wake();
  const [claimed] = await database.query<{ task_id: number; lease_token: number }>(
    "update tallystick.task set status = 'running', lease_token = 1, attempts = 1, started_at = now() where id = $1 returning id as task_id, lease_token",
    [taskId],
  );
  await database.query("select tallystick.fail_task($1, $2, 'not today', null, 30000)", [
    claimed?.task_id,
    claimed?.lease_token,
  ]);
  await wake();
  expect(handed[1]).toEqual([{ taskId, lane: null, delayMs: expect.any(Number) }]);
  expect(handed[1]?.[0]?.delayMs).toBeGreaterThan(20_000);
  await database.query("select tallystick.replay_task($1, 'test')", [taskId]);
  await wake();
  expect(handed[2]).toEqual([{ taskId, lane: null, delayMs: 0 }]);
});

it("keeps no wake back for an outbox that can't be told of, and throws its error at the end", async () => {
  const taskId = await enqueue();
  const failing = async (): Promise<number> => {
    throw new Error("the hook is broken");
  };
  await expect(createWaking(database, driver, [failing])()).rejects.toThrow("the hook is broken");
  expect(handed).toEqual([[{ taskId, lane: null, delayMs: 0 }]]);
});

it("finds what is not woken among a hundred thousand that are by the index made for it", async () => {
  await database.query(
    `insert into tallystick.task (name, max_attempts, run_at, created_at, updated_at, woken_at)
     select 'note', 3, now(), now(), now(), now() from generate_series(1, 100000)`,
  );
  const plan = await database.query<{ "QUERY PLAN": string }>(
    `explain select id from tallystick.task where status = 'pending' and woken_at is null order by id limit 500
     for no key update skip locked`,
  );
  expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toContain("task_unwoken_idx");
});
