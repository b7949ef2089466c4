// Ours: the effect and the completion commit together, a transaction for each task, in batches one for each batch.
import pg from "pg";
import { createTallystick, defineCatalog, defineTask, type Tallystick } from "../../src/index.ts";
import { bullmq } from "../../src/drivers/bullmq.ts";
import { batchSize, countOf, effect, poolSize, type Hooks, type Job, type Places, type TaskSystem } from "./system.ts";

export interface TallystickSettings {
  /** drain: `tally.drain()` as a request's tail calls it. run: the resident worker. */
  readonly worker: "drain" | "run";
  readonly wakes: boolean;
  readonly driver?: "bullmq";
}

/** One at a time is a pool of two: a drain leaves one connection free, and has a runner for each of the others up to four. */
const singlePool = 2;

export async function openTallystick(
  { databaseUrl, redisUrl }: Places,
  hooks: Hooks,
  { worker, wakes, driver }: TallystickSettings,
): Promise<TaskSystem> {
  const open = (size: number, together: number): Tallystick =>
    createTallystick({
      database: databaseUrl,
      poolSize: size,
      preparedStatements: true,
      catalog: defineCatalog({}),
      ...(driver !== undefined && { driver: bullmq({ connection: { url: redisUrl } }) }),
      tasks: [
        defineTask({
          name: "count",
          batchSize: together,
          async run({ tx, payload }) {
            const job = payload as unknown as Job;
            hooks.begun(job);
            await tx.query(effect, [job.account]);
            hooks.ended(job);
          },
        }),
      ],
    });
  const tally = open(poolSize, batchSize);
  const single = open(singlePool, 1);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  await tally.migrate();
  return {
    async enqueue(job) {
      await tally.tasks.enqueue({ name: "count", payload: { ...job } });
      if (wakes) await tally.wake();
    },
    async enqueueMany(jobs) {
      await tally.tasks.enqueueMany(jobs.map((job) => ({ name: "count", payload: { ...job } })));
    },
    async clear() {
      await pool.query("truncate tallystick.task, tallystick.task_lane, tallystick.task_attempt");
    },
    left: async () =>
      countOf(pool, "select count(*) as count from tallystick.task where name = 'count' and status <> 'done'"),
    async work(mode) {
      const running = mode === "single" ? single : tally;
      if (worker === "run") {
        const resident = running.run();
        return async () => resident.stop();
      }
      const drained = running.drain({ budgetMs: 120_000 });
      return async () => void (await drained);
    },
    async close() {
      await tally.close();
      await single.close();
      await pool.end();
    },
  };
}
