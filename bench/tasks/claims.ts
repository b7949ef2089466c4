// What a claim takes in a table full of finished tasks, without statistics and with them, and beside the removal of old ones.
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { connect } from "../../src/db/database.ts";
import { createTallystick, defineCatalog } from "../../src/index.ts";
import { removeEndedTasks } from "../../src/tasks/retention.ts";
import { median, quantile } from "../measure.ts";
import { fillTasks } from "./fill-tasks.ts";
import { countOf } from "./system.ts";

export interface ClaimRow {
  readonly name: string;
  readonly claims: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface ClaimResult {
  readonly rows: readonly ClaimRow[];
  readonly removed: number;
  readonly removedPerSecond: number;
  /** Of the tasks and their attempts, with their indexes. */
  readonly megabytes: { readonly before: number; readonly removed: number; readonly refilled: number };
}

const tables = ["task", "task_lane", "task_attempt"] as const;
const claimsOfEach = 50;
// As the pump claims with its four runners.
const pumpBatch = 16;
const pacedClaims = 300;
const paceMs = 20;
const days = 30;

export async function measureClaims(databaseUrl: string, finished: number, waiting: number): Promise<ClaimResult> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 3 });
  const database = connect(pool);
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  try {
    await tally.migrate();
    // No statistics are taken behind the measurement's back.
    for (const name of tables) await pool.query(`alter table tallystick.${name} set (autovacuum_enabled = off)`);
    await fillTasks(pool, { finished, waiting });
    const rows: ClaimRow[] = [];
    for (const statistics of ["never analysed", "analysed"]) {
      if (statistics === "analysed")
        await pool.query(`analyze ${tables.map((name) => `tallystick.${name}`).join(", ")}`);
      for (const batch of [10, 50]) {
        const times = await timeClaims(pool, batch, (done) => done < claimsOfEach);
        rows.push(rowOf(`claim of ${batch}, ${statistics}`, times));
      }
    }
    const paced = async (goesOn: (done: number) => boolean): Promise<readonly number[]> =>
      timeClaims(pool, pumpBatch, goesOn, paceMs);
    rows.push(rowOf(`claim of ${pumpBatch} every ${paceMs} ms`, await paced((done) => done < pacedClaims)));
    const before = await megabytesOf(pool);
    const began = performance.now();
    let seconds = 0;
    const removal = removeEndedTasks(database, { names: ["note"], days }, 600_000).finally(() => {
      seconds = (performance.now() - began) / 1000;
    });
    const beside = await paced((done) => seconds === 0 && done < waiting / pumpBatch / 2);
    rows.push(rowOf("the same while old tasks are removed", beside));
    const removed = await removal;
    await pool.query(`vacuum ${tables.map((name) => `tallystick.${name}`).join(", ")}`);
    const afterwards = await megabytesOf(pool);
    await fillTasks(pool, { finished: removed, waiting: 0 });
    const megabytes = { before, removed: afterwards, refilled: await megabytesOf(pool) };
    return { rows, removed, removedPerSecond: removed / seconds, megabytes };
  } finally {
    await tally.close();
    await pool.end();
  }
}

function rowOf(name: string, times: readonly number[]): ClaimRow {
  const sorted = Float64Array.from(times).toSorted();
  return {
    name,
    claims: times.length,
    medianMs: median(times),
    p99Ms: quantile(sorted, 0.99),
    maxMs: quantile(sorted, 1),
  };
}

/** Claims and settles; only the claims are timed. */
async function timeClaims(
  pool: pg.Pool,
  batch: number,
  goesOn: (done: number) => boolean,
  gapMs = 0,
): Promise<readonly number[]> {
  const client = await pool.connect();
  const times: number[] = [];
  try {
    while (goesOn(times.length)) {
      const began = performance.now();
      const { rows } = await client.query<{ task: { id: number; leaseToken: number } }>(
        "select tallystick.claim_tasks($1, 30000, 'bench') as task",
        [batch],
      );
      times.push(performance.now() - began);
      if (rows.length !== batch) throw new Error(`a claim of ${batch} found ${rows.length} while enough were due`);
      await client.query(
        "select tallystick.complete_task(id, token) from unnest($1::bigint[], $2::bigint[]) as claimed (id, token)",
        [rows.map(({ task }) => task.id), rows.map(({ task }) => task.leaseToken)],
      );
      if (gapMs > 0) await sleep(gapMs);
    }
  } finally {
    client.release();
  }
  return times;
}

async function megabytesOf(pool: pg.Pool): Promise<number> {
  const bytes = await countOf(
    pool,
    "select pg_total_relation_size('tallystick.task') + pg_total_relation_size('tallystick.task_attempt') as count",
  );
  return Math.round(bytes / 2 ** 20);
}
