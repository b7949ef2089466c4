// pg-boss 12 as driver, for products that run it already: wakes are jobs of one queue, and each worker ticks by a timer.
import type { DatabaseOptions, PgBoss } from "pg-boss";
import type { Driver, Wake } from "../tasks/wake.ts";
import { kept } from "./kept.ts";
import { residentWorker, WAKE_JOB } from "./resident-worker.ts";
import { within } from "./within.ts";

export interface PgBossOptions {
  /** Where pg-boss keeps its queues: `{ connectionString }`, `{ db }` or the like. Its schema is made where it is missing. */
  readonly connection: DatabaseOptions;
  /** The queue's name; default "tallystick". */
  readonly queue?: string | undefined;
  /** A worker asks the queue this often, at least 500; default 1,000. */
  readonly idleMs?: number | undefined;
  /** Has a worker told of each wake at once, over a connection of its own that no transaction pooler may share. */
  readonly useListenNotify?: boolean | undefined;
  /** Default 60,000. */
  readonly tickEveryMs?: number | undefined;
  /** How long the queue may take before a wake counts as not taken; default 5,000. */
  readonly timeoutMs?: number | undefined;
}

/** Wakes over a pg-boss queue. pg-boss is loaded, and starts, when first used. */
export function pgBoss({ queue = "tallystick", idleMs = 1_000, timeoutMs = 5_000, ...options }: PgBossOptions): Driver {
  const notify = options.useListenNotify ?? false;
  const boss = kept(async (): Promise<PgBoss> => {
    const library = await import("pg-boss");
    const made = new library.PgBoss({ ...options.connection, useListenNotify: notify });
    // The call that fails tells; an error event without a listener would end the process.
    made.on("error", () => undefined);
    try {
      await made.start();
      // The row decides what is tried again, and an ended job tells nothing that it does not.
      await made.createQueue(queue, { retryLimit: 0, deleteAfterSeconds: 3_600, notify });
    } catch (error) {
      await made.stop({ graceful: false }).catch(() => undefined);
      throw error;
    }
    return made;
  });
  return {
    name: "pg-boss",
    async wake(wakes) {
      await within(
        timeoutMs,
        boss.get().then(async (made) => made.insert(queue, wakes.map(job))),
      );
    },
    async check() {
      await within(
        timeoutMs,
        boss.get().then(async (made) => made.getQueue(queue)),
      );
    },
    work: (runtime) =>
      residentWorker(runtime, {
        tickEveryMs: options.tickEveryMs ?? 60_000,
        async start(answer) {
          const made = await boss.get();
          const seconds = idleMs / 1_000;
          // pg-boss tells of a job when it comes, not when its delay is over: it is asked as often all the same.
          const settings = { batchSize: 100, pollingIntervalSeconds: seconds, notifyPollingIntervalSeconds: seconds };
          // However many came since it last asked: one drain answers them.
          const id = await made.work(queue, settings, async () => answer(WAKE_JOB));
          return async () => made.offWork(queue, { id, wait: true });
        },
      }),
    async close() {
      await (await boss.drop()?.catch(() => undefined))?.stop({ timeout: timeoutMs });
    },
  };
}

function job({ taskId, delayMs }: Wake) {
  return { data: { taskId }, ...(delayMs > 0 && { startAfter: delayMs / 1_000 }) };
}
