// BullMQ on Redis: its handlers write their effect to Postgres, and Redis is told of the completion after it.
import { Queue, Worker } from "bullmq";
import pg from "pg";
import {
  batchSize,
  effect,
  poolSize,
  type Hooks,
  type Job,
  type Mode,
  type Places,
  type TaskSystem,
} from "./system.ts";

const name = "count";
const concurrency = { single: 1, batches: batchSize, idle: 4 } as const satisfies Record<Mode, number>;

export async function openBullmq({ databaseUrl, redisUrl }: Places, hooks: Hooks): Promise<TaskSystem> {
  const connection = { url: redisUrl };
  const queue = new Queue<Job>(name, { connection, defaultJobOptions: { removeOnComplete: true } });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: poolSize });
  return {
    async enqueue(job) {
      await queue.add(name, job);
    },
    async enqueueMany(jobs) {
      await queue.addBulk(jobs.map((data) => ({ name, data })));
    },
    clear: async () => queue.obliterate({ force: true }),
    left: async () => queue.getJobCountByTypes("wait", "active", "delayed", "failed", "prioritized"),
    async work(mode) {
      const worker = new Worker<Job>(
        name,
        async ({ data }) => {
          hooks.begun(data);
          await pool.query(effect, [data.account]);
          hooks.ended(data);
        },
        { connection, concurrency: concurrency[mode] },
      );
      worker.on("error", (error) => console.error(error));
      return async () => worker.close();
    },
    async close() {
      await queue.close();
      await pool.end();
    },
  };
}
