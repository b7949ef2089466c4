// pg-boss: `work` with transactional handlers, which commit a batch's effects and completions together; one at a time by
// fetch and complete, as `work` with a batch of one waits for its next poll after each job.
import pg from "pg";
import { PgBoss } from "pg-boss";
import { batchSize, countOf, effect, poolSize, type Hooks, type Job, type Places, type TaskSystem } from "./system.ts";

const queue = "count";
const localConcurrency = 4;

const settings = {
  batches: { batchSize, localConcurrency, burstWhenBatchFull: true },
  // Whatever came since the last poll is taken at once.
  idle: { batchSize },
  // A wake that comes while a worker is busy is lost to it: the poll behind them is as often as without.
  notified: { localConcurrency, notifyPollingIntervalSeconds: 2 },
} as const;

export interface PgBossSettings {
  /** LISTEN/NOTIFY, or polls at its default interval. */
  readonly notify: boolean;
}

export async function openPgBoss(
  { databaseUrl }: Places,
  hooks: Hooks,
  { notify }: PgBossSettings = { notify: false },
): Promise<TaskSystem> {
  const boss = new PgBoss({ connectionString: databaseUrl, max: poolSize, useListenNotify: notify });
  boss.on("error", (error: unknown) => console.error(error));
  await boss.start();
  await boss.createQueue(queue, { notify });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });

  async function fetchOneByOne(signal: AbortSignal): Promise<void> {
    const client = await pool.connect();
    const db = { executeSql: async (text: string, values?: unknown[]) => client.query(text, values) };
    try {
      while (!signal.aborted) {
        const [job] = await boss.fetch<Job>(queue);
        if (job === undefined) return;
        hooks.begun(job.data);
        await client.query("begin");
        await client.query(effect, [job.data.account]);
        hooks.ended(job.data);
        await boss.complete(queue, job.id, undefined, { db });
        await client.query("commit");
      }
    } finally {
      client.release();
    }
  }

  return {
    async enqueue(job) {
      await boss.send(queue, job);
    },
    async enqueueMany(jobs) {
      await boss.insert(
        queue,
        jobs.map((data) => ({ data })),
      );
    },
    async clear() {
      await pool.query("truncate pgboss.job cascade");
    },
    left: async () =>
      countOf(pool, `select count(*) as count from pgboss.job where name = '${queue}' and state <> 'completed'`),
    async work(mode) {
      if (mode === "single") {
        const stopping = new AbortController();
        const working = fetchOneByOne(stopping.signal);
        return async () => {
          stopping.abort();
          await working;
        };
      }
      const options = { transactional: true, ...settings[mode === "idle" && notify ? "notified" : mode] } as const;
      await boss.work<Job, void, typeof options>(queue, options, async (jobs, tx) => {
        for (const { data } of jobs) {
          hooks.begun(data);
          await tx.executeSql(effect, [data.account]);
          hooks.ended(data);
        }
      });
      return async () => {
        await boss.offWork(queue, { wait: true });
      };
    },
    async close() {
      await boss.stop({ graceful: false });
      await pool.end();
    },
  };
}
