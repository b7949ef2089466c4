// The claim's cost with a long history and a long queue, on tables whose statistics have never been gathered, or were when
// nothing waited.
import { beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { connect, type Database } from "../db/database.ts";

let sql: Database;

const statistics = ["none", "of a time when nothing waited"] as const;

describe.each(statistics)("with statistics: %s, 100,000 finished and 20,000 waiting tasks", (kind) => {
  beforeAll(async () => {
    sql = connect(await createTestDatabase());
    await sql.query("alter table tallystick.task set (autovacuum_enabled = off)");
    await sql.query("alter table tallystick.task_lane set (autovacuum_enabled = off)");
    await sql.query(
      `insert into tallystick.task (name, lane, status, max_attempts, run_at, created_at, updated_at, finished_at)
     select 't', case when n % 2 = 0 then 'lane-' || n % 5000 end, 'done', 1, now(), now(), now(), now()
     from generate_series(1, 100000) n`,
    );
    if (kind !== "none") await sql.query("analyze tallystick.task");
    // Waiting: half of them not due for long, half of the due ones in lanes.
    await sql.query(
      `insert into tallystick.task (name, lane, max_attempts, run_at, created_at, updated_at)
     select 't', case when n % 2 = 0 then 'lane-' || n % 1000 end, 1,
       now() + case when n % 4 < 2 then interval '-1 hour' else interval '1 day' end, now(), now()
     from generate_series(1, 20000) n`,
    );
    await sql.query(
      `insert into tallystick.task_lane (name, ready_at)
     select lane, min(run_at) from tallystick.task where status = 'pending' and lane is not null group by lane`,
    );
    return async () => sql.close();
  }, 120_000);

  /** Rows of the task table that were read one after the other, without an index. */
  async function sequentialReads(): Promise<number> {
    const [row] = await sql.query<{ reads: number }>(
      `select sum(seq_tup_read)::bigint as reads from pg_stat_user_tables where relname = 'task'`,
    );
    return row?.reads ?? 0;
  }

  async function timed(statement: string): Promise<number> {
    const [row] = await sql.query<{ "QUERY PLAN": readonly { "Execution Time": number }[] }>(
      `explain (analyze, format json) ${statement}`,
    );
    return row?.["QUERY PLAN"][0]?.["Execution Time"] ?? Number.NaN;
  }

  it.each([
    ["a claim", "select tallystick.claim_tasks(16, 30000, 'w')"],
    ["the backlog's count", "select tallystick.task_backlog()"],
    ["a hand-over of wakes", "select * from tallystick.take_wakes(500)"],
  ])("%s reads through the partial indexes and takes milliseconds", async (_, statement) => {
    await sql.query("select pg_stat_force_next_flush()");
    const before = await sequentialReads();
    const times = [];
    for (let round = 0; round < 5; round += 1) times.push(await timed(statement));
    await sql.query("select pg_stat_force_next_flush()");
    expect((await sequentialReads()) - before).toBe(0);
    expect(times.toSorted((a, b) => a - b)[2]).toBeLessThan(50);
  });

  it.each([
    [
      "the lanes that are due",
      "select name from tallystick.task_lane where ready_at <= now() order by ready_at limit 16",
      "task_lane_ready_idx",
    ],
    [
      "a lane's first task",
      "select id from tallystick.task where lane = 'lane-8' and status = 'pending' and run_at <= now() order by run_at, id limit 1",
      "task_lane_head_idx",
    ],
    [
      "due tasks without a lane",
      "select id from tallystick.task where status = 'pending' and lane is null and run_at <= now() order by run_at, id limit 16",
      "task_due_idx",
    ],
    [
      "leases that ran out",
      "select id from tallystick.task where status = 'running' and lease_until <= now() and lane is null order by lease_until limit 16",
      "task_lease_idx",
    ],
    [
      "tasks that were not woken",
      "select id from tallystick.task where status = 'pending' and woken_at is null order by id limit 500",
      "task_unwoken_idx",
    ],
    [
      "when a lane is due again",
      "select min(run_at) from tallystick.task where lane = 'lane-8' and status = 'pending'",
      "task_lane_head_idx",
    ],
  ])("%s are found by one index", async (_, statement, index) => {
    const [row] = await sql.query<{ "QUERY PLAN": unknown }>(`explain (format json) ${statement}`);
    const plan = JSON.stringify(row?.["QUERY PLAN"]);
    expect(plan).toContain(index);
    expect(plan).not.toContain("Seq Scan");
  });
});
