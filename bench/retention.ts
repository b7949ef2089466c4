// What a table full of finished tasks costs a claim, without statistics and with them, and what removing the old ones costs
// beside it: 1,000,000 finished tasks, half of them old, and 50,000 that wait, due, in 2,000 lanes. BENCH_TASKS takes fewer.
import pg from "pg";
import { table } from "../src/cli/table.ts";
import { createTallystick, defineCatalog } from "../src/index.ts";
import { connect } from "../src/db/database.ts";
import { removeEndedTasks } from "../src/tasks/retention.ts";
import { quantile } from "./measure.ts";

const finished = Number(process.env["BENCH_TASKS"] ?? 1_000_000);
const waiting = 50_000;
const lanes = 2000;
const limitMs = 5;
const claims = 1000;
const batch = 16;

export async function benchRetention(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 3 });
  const database = connect(pool);
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  try {
    await tally.migrate();
    for (const name of ["task", "task_lane", "task_attempt"]) {
      await pool.query(`alter table tallystick.${name} set (autovacuum_enabled = off)`);
    }
    await fill(pool);
    const rows: string[][] = [];
    const row = (label: string, times: Float64Array): void => {
      const p99 = quantile(times, 0.99);
      const verdict = p99 < limitMs ? "" : ` NOT BELOW ${limitMs}`;
      rows.push([label, quantile(times, 0.5).toFixed(2), `${p99.toFixed(2)}${verdict}`]);
    };
    row("claim, no statistics", await timeClaims(pool));
    await pool.query("analyze tallystick.task, tallystick.task_lane, tallystick.task_attempt");
    row("claim, fresh statistics", await timeClaims(pool));

    const remove = async (budgetMs: number): Promise<number> =>
      removeEndedTasks(database, { names: ["note", "other"], days: 30 }, budgetMs);
    const stopping = new AbortController();
    let removed = 0;
    const began = performance.now();
    const removal = (async () => {
      while (!stopping.signal.aborted) removed += await remove(1000);
    })();
    row("claim, while old tasks are removed", await timeClaims(pool));
    stopping.abort();
    await removal;
    const perSecond = Math.round((removed * 1000) / (performance.now() - began));
    removed += await remove(600_000);
    const nothing = [];
    for (let look = 0; look < 100; look += 1) {
      const from = performance.now();
      await remove(1000);
      nothing.push(performance.now() - from);
    }
    row("a removal that finds nothing", Float64Array.from(nothing).toSorted());
    console.log(
      `\n${finished} finished tasks, ${waiting} waiting in ${lanes} lanes, claims of ${batch}\n${table(["", "p50 ms", "p99 ms"], rows, "")}` +
        `\n${removed} removed; ${perSecond} a second beside the claims`,
    );
  } finally {
    await tally.close();
    await pool.end();
  }
}

async function fill(pool: pg.Pool): Promise<void> {
  // Old and young ones in turn, a tenth of them with a key.
  await pool.query(
    `insert into tallystick.task (name, lane, status, dedupe_key, attempts, max_attempts, run_at, created_at, updated_at, started_at, finished_at, worker)
     select 'note', 'customer-' || n % $2, 'done', case when n % 10 = 0 then 'key-' || n end, 1, 3, t, t, t, t, t, 'bench'
     from generate_series(1, $1::integer) n, lateral (select now() - make_interval(days => case when n % 2 = 0 then 60 else 1 end, secs => n)
       as t) at`,
    [finished, lanes],
  );
  await pool.query(
    `insert into tallystick.task (name, lane, max_attempts, run_at, created_at, updated_at)
     select 'note', 'customer-' || n % $2, 3, now() - interval '1 minute', now(), now() from generate_series(1, $1::integer) n`,
    [waiting, lanes],
  );
  await pool.query(
    "insert into tallystick.task_lane (name, ready_at) select 'customer-' || n, now() from generate_series(0, $1::integer - 1) n",
    [lanes],
  );
}

/** Claims and settles; only the claims are timed. */
async function timeClaims(pool: pg.Pool): Promise<Float64Array> {
  const client = await pool.connect();
  const times: number[] = [];
  try {
    for (let claim = 0; claim < claims; claim += 1) {
      const began = performance.now();
      const { rows } = await client.query<{ task: { id: string; leaseToken: string } }>(
        "select tallystick.claim_tasks($1, 30000, 'bench') as task",
        [batch],
      );
      times.push(performance.now() - began);
      if (rows.length === 0) throw new Error("a claim found nothing while tasks were due");
      for (const { task } of rows) {
        await client.query("select tallystick.complete_task($1, $2)", [task.id, task.leaseToken]);
      }
    }
  } finally {
    client.release();
  }
  return Float64Array.from(times).toSorted();
}
