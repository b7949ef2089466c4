// One customer's 50,000 waiting tasks ahead of 2,000 of others: what a claim takes, and how long the others wait beside
// the same work without the hot customer. With fresh statistics, with none, and with some from when the tables were empty.
import pg from "pg";
import { table } from "../src/cli/table.ts";
import { createTallystick, defineCatalog, defineTask } from "../src/index.ts";
import { quantile } from "./measure.ts";

const hot = 50_000;
const others = 2000;
const limitMs = 5;
const batch = 16;
const leaseMs = 30_000;
const rounds = 3;

/** `begin` runs while the tables are empty, `filled` when they are full. */
const statistics = {
  "fresh statistics": { begin: "", filled: "analyze tallystick.task, tallystick.task_lane" },
  // The planner takes an empty table that was never analysed for one of a few pages.
  "no statistics": { begin: "", filled: "" },
  "statistics of empty tables": { begin: "analyze tallystick.task, tallystick.task_lane", filled: "" },
} as const;

export async function benchLanes(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  try {
    await tally.migrate();
    for (const name of ["task", "task_lane", "task_attempt"]) {
      await pool.query(`alter table tallystick.${name} set (autovacuum_enabled = off)`);
    }
    const rows = [];
    for (const [name, { begin, filled }] of Object.entries(statistics)) {
      const refill = async (ahead: number): Promise<void> => {
        await empty(pool);
        await pool.query(begin);
        await fill(pool, ahead);
        await pool.query(filled);
      };
      const claims = { hot: [] as number[], alone: [] as number[] };
      for (let round = 0; round < rounds; round += 1) {
        await refill(hot);
        claims.hot.push(...(await timeClaims(pool)));
        await refill(0);
        claims.alone.push(...(await timeClaims(pool)));
      }
      await refill(0);
      const alone = await othersDelays(pool);
      await refill(hot);
      const behind = await othersDelays(pool);
      for (const [label, times, delays] of [
        ["behind the hot customer", Float64Array.from(claims.hot).toSorted(), behind],
        ["without", Float64Array.from(claims.alone).toSorted(), alone],
      ] as const) {
        const p99 = quantile(times, 0.99);
        rows.push([
          `${name}, ${label}`,
          quantile(times, 0.5).toFixed(2),
          `${p99.toFixed(2)}${p99 < limitMs ? "" : ` NOT BELOW ${limitMs}`}`,
          times.length,
          quantile(delays, 0.5).toFixed(2),
          quantile(delays, 1).toFixed(2),
        ]);
      }
    }
    const columns = ["", `claim of ${batch}: p50 ms`, "p99 ms", "claims", "others' delay: p50 s", "last s"];
    console.log(`\n${hot} waiting tasks of one customer ahead of ${others} of others\n${table(columns, rows, "")}`);
  } finally {
    await tally.close();
    await pool.end();
  }
}

async function empty(pool: pg.Pool): Promise<void> {
  // Deleted and vacuumed, which keeps no statistics of what was there before.
  await pool.query("truncate tallystick.task, tallystick.task_lane, tallystick.task_attempt cascade");
  await pool.query(
    "delete from pg_statistic where starelid in ('tallystick.task'::regclass, 'tallystick.task_lane'::regclass)",
  );
}

/** The hot customer's tasks are older than everybody's, and due. */
async function fill(pool: pg.Pool, ahead: number): Promise<void> {
  await pool.query(
    `insert into tallystick.task (name, lane, max_attempts, run_at, created_at, updated_at)
     select 'nothing', 'hot', 3, now() - interval '1 hour', now(), now() from generate_series(1, $1::integer)`,
    [ahead],
  );
  await pool.query(
    `insert into tallystick.task (name, lane, max_attempts, run_at, created_at, updated_at)
     select 'note', 'customer-' || n, 3, now() - interval '1 minute', now(), now() from generate_series(1, $1::integer) n`,
    [others],
  );
  await pool.query(
    `insert into tallystick.task_lane (name, ready_at)
     select lane, min(run_at) from tallystick.task where status = 'pending' and lane is not null group by lane`,
  );
}

/** Claims and settles until the others are done; only the claims are timed. */
async function timeClaims(pool: pg.Pool): Promise<readonly number[]> {
  const client = await pool.connect();
  const times: number[] = [];
  try {
    for (let done = 0; done < others;) {
      const began = performance.now();
      const { rows } = await client.query<{ task: { id: string; leaseToken: string; lane: string } }>(
        "select tallystick.claim_tasks($1, $2, 'bench') as task",
        [batch, leaseMs],
      );
      times.push(performance.now() - began);
      if (rows.length === 0) throw new Error("a claim found nothing while tasks were due");
      for (const { task } of rows) {
        await client.query("select tallystick.complete_task($1, $2)", [task.id, task.leaseToken]);
        if (task.lane !== "hot") done += 1;
      }
    }
  } finally {
    client.release();
  }
  return times;
}

/** Seconds from the worker's start to each of the others' tasks, run by the real worker. */
async function othersDelays(pool: pg.Pool): Promise<Float64Array> {
  const delays: number[] = [];
  const all = Promise.withResolvers<void>();
  let began = 0;
  const note = defineTask({
    name: "note",
    async run() {
      delays.push((performance.now() - began) / 1000);
      if (delays.length === others) all.resolve();
    },
  });
  const nothing = defineTask({ name: "nothing", run: async () => undefined });
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}), tasks: [note, nothing] });
  began = performance.now();
  const worker = tally.run();
  await all.promise;
  await worker.stop();
  await tally.close();
  return Float64Array.from(delays).toSorted();
}
