// graphile-worker: its handlers write their effect before the completion, in a transaction of its own.
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import {
  batchSize,
  countOf,
  effect,
  poolSize,
  type Hooks,
  type Job,
  type Mode,
  type Places,
  type TaskSystem,
} from "./system.ts";

// Of its documentation on batching: a local queue, completions gathered, and more jobs at once than connections would need.
const settings = {
  single: { concurrentJobs: 1 },
  idle: { concurrentJobs: 4 },
  batches: {
    concurrentJobs: 24,
    localQueue: { size: 10 * batchSize },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
} as const satisfies Record<Mode, object>;

export async function openGraphileWorker({ databaseUrl }: Places, hooks: Hooks): Promise<TaskSystem> {
  const logger = new Logger(() => () => undefined);
  const pgPool = new pg.Pool({ connectionString: databaseUrl, max: poolSize });
  pgPool.on("error", () => undefined);
  pgPool.on("connect", (client) => client.on("error", () => undefined));
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  return {
    async enqueue(job) {
      await utils.addJob("count", job);
    },
    async enqueueMany(jobs) {
      await utils.addJobs(jobs.map((payload) => ({ identifier: "count", payload })));
    },
    async clear() {
      await pgPool.query("truncate graphile_worker._private_jobs");
    },
    left: async () => countOf(pgPool, "select count(*) as count from graphile_worker._private_jobs"),
    async work(mode) {
      const runner = await run({
        pgPool,
        logger,
        noHandleSignals: true,
        preset: { worker: settings[mode] },
        taskList: {
          count: async (payload, { query }) => {
            const job = payload as Job;
            hooks.begun(job);
            await query(effect, [job.account]);
            hooks.ended(job);
          },
        },
      });
      return async () => runner.stop();
    },
    async close() {
      await utils.release();
      await pgPool.end();
    },
  };
}
