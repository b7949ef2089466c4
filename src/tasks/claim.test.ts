// The claim and the settlement at the level of SQL: who gets a task, and what a lost lease means.
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { expireLeases, untilBlocked } from "../../test/flows/setup.ts";
import { sqlState } from "../db/database-error.ts";
import { connect, type Database, type Queryable } from "../db/database.ts";
import { enqueueTask } from "./enqueue.ts";
import { getTask } from "./inspect.ts";
import type { ClaimedTask } from "./task.ts";

let sql: Database;

beforeEach(async () => {
  sql = connect(await createTestDatabase());
  onTestFinished(async () => sql.close());
});

async function enqueue(lane?: string, payload = {}, maxAttempts = 20): Promise<number> {
  const { taskId } = await enqueueTask(sql, { name: "t", payload, maxAttempts, ...(lane !== undefined && { lane }) });
  return taskId;
}

async function claim(limit = 10, queryable: Queryable = sql): Promise<ClaimedTask[]> {
  const rows = await queryable.query<{ task: ClaimedTask }>("select tallystick.claim_tasks($1, 30000, 'w') as task", [
    limit,
  ]);
  return rows.map(({ task }) => task);
}

async function claimOne(): Promise<ClaimedTask> {
  const [task, ...others] = await claim();
  if (task === undefined || others.length > 0)
    throw new Error(`${others.length + (task ? 1 : 0)} tasks instead of one`);
  return task;
}

async function finish(task: ClaimedTask, queryable: Queryable = sql): Promise<boolean> {
  try {
    await queryable.query("select tallystick.complete_task($1, $2)", [task.id, task.leaseToken]);
    return true;
  } catch (error) {
    if (sqlState(error) === "LEASE") return false;
    throw error;
  }
}

async function statuses(): Promise<Record<string, string>> {
  const rows = await sql.query<{ id: number; status: string }>("select id, status from tallystick.task");
  return Object.fromEntries(rows.map(({ id, status }) => [id, status]));
}

describe("claim", () => {
  it("gives each task to one of many claimers", async () => {
    for (let index = 0; index < 40; index += 1) await enqueue(index % 2 === 0 ? `lane-${index}` : undefined);
    const claimed = (await Promise.all(Array.from({ length: 20 }, async () => claim(5)))).flat();
    // What one claim looked at and did not take was passed over by those beside it; it is there for the next.
    claimed.push(...(await claim(40)));
    expect(claimed).toHaveLength(40);
    expect(new Set(claimed.map(({ id }) => id)).size).toBe(40);
  });

  it("takes at most one task of a lane, the earliest first", async () => {
    const first = await enqueue("a");
    const second = await enqueue("a");
    const task = await claimOne();
    expect(task.id).toBe(first);
    expect(await claim()).toEqual([]);
    expect(await finish(task)).toBe(true);
    expect((await claimOne()).id).toBe(second);
  });

  it("never takes more than its limit", async () => {
    for (let index = 0; index < 6; index += 1) await enqueue(index < 3 ? `lane-${index}` : undefined);
    expect(await claim(4)).toHaveLength(4);
    expect(await claim(4)).toHaveLength(2);
  });

  it("lets tasks without a lane have their turn beside lanes that are never empty", async () => {
    const free = await enqueue();
    for (let index = 0; index < 8; index += 1) await enqueue(`lane-${index}`);
    const claimed = await claim(4);
    expect(claimed.map(({ id }) => id)).toContain(free);
  });
});

describe("a lease that ran out", () => {
  it("is recovered by the next claim, and the old worker's settlement changes nothing", async () => {
    const id = await enqueue("a");
    const old = await claimOne();
    expect(await claim()).toEqual([]);
    await expireLeases(sql);
    const taken = await claimOne();
    expect(taken).toMatchObject({ id, attempt: 2 });
    expect(taken.leaseToken).not.toBe(old.leaseToken);
    expect(await finish(old)).toBe(false);
    const [late] = await sql.query<{ status: string | null }>(
      "select tallystick.fail_task($1, $2, 'late', 'late', 0) as status",
      [old.id, old.leaseToken],
    );
    expect(late?.status).toBeNull();
    expect(await statuses()).toEqual({ [id]: "running" });
    expect(await finish(taken)).toBe(true);
    const attempts = await sql.query(
      "select attempt, outcome from tallystick.task_attempt where task_id = $1 order by id",
      [id],
    );
    expect(attempts).toEqual([{ attempt: 1, outcome: "lost" }]);
    const { history } = await getTask(sql, String(id));
    expect(history.map(({ attempt, outcome, worker }) => [attempt, outcome, worker])).toEqual([
      [1, "lost", "w"],
      [2, "done", "w"],
    ]);
  });

  it("is recovered in its lane before another task of the lane runs, however many others were lost", async () => {
    const free = [await enqueue(), await enqueue()];
    const lost = await enqueue("a");
    expect(await claim()).toHaveLength(3);
    const next = await enqueue("a");
    // The leases of the tasks without a lane ran out first, and the claim's limit is used up by them.
    await expireLeases(sql);
    await sql.query("update tallystick.task set lease_until = lease_until - interval '1 minute' where lane is null");

    const seen: number[] = [];
    for (let round = 0; round < 10 && seen.length < 4; round += 1) {
      for (const task of await claim(1)) {
        seen.push(task.id);
        await finish(task);
      }
    }
    expect(new Set(seen)).toEqual(new Set([...free, lost, next]));
    expect(Object.values(await statuses())).toEqual(["done", "done", "done", "done"]);
  });

  it("keeps its lane closed while the old worker is just settling", async () => {
    await enqueue("a");
    const second = await enqueue("a");
    const old = await claimOne();
    await sql.transaction(async (tx) => {
      // The settlement has begun and not committed when the lease runs out.
      await tx.query("select 1 from tallystick.task where id = $1 for update", [old.id]);
      await sql.query("update tallystick.task_lane set ready_at = clock_timestamp()");
      expect(await claim()).toEqual([]);
      expect(await finish(old, tx)).toBe(true);
    });
    expect((await claimOne()).id).toBe(second);
  });

  it("stays findable when the old worker dies in the middle of its settlement", async () => {
    const id = await enqueue("a");
    await claimOne();
    const rollback = new Error("the worker died");
    await expect(
      sql.transaction(async (tx) => {
        await tx.query("select 1 from tallystick.task where id = $1 for update", [id]);
        await sql.query("update tallystick.task_lane set ready_at = clock_timestamp()");
        expect(await claim()).toEqual([]);
        throw rollback;
      }),
    ).rejects.toBe(rollback);
    await expireLeases(sql);
    expect((await claimOne()).id).toBe(id);
  });
});

describe("a replay beside a settlement", () => {
  it("does not deadlock with the task's own end", async () => {
    const id = await enqueue("a");
    const task = await claimOne();
    await sql.transaction(async (tx) => {
      // As in an apply: the task's row is taken, then, after the replay has begun, its lane.
      await tx.query("select 1 from tallystick.task where id = $1 for update", [id]);
      const replay = sql.query("select tallystick.replay_task($1, 'me') as status", [id]);
      await Promise.race([replay, untilBlocked(sql, "%replay_task%")]);
      expect(await finish(task, tx)).toBe(true);
      expect(await replay).toEqual([{ status: "running" }]);
    });
    expect(await statuses()).toEqual({ [id]: "done" });
  });
});
