// BullMQ 6 as driver: wakes are jobs of one queue, the tick is a job scheduler of it. Nothing that matters is in the store:
// one that is flushed, restarted or away costs time until the next tick, never work.
import type { BackendFactory, ConnectionOptions, Queue } from "bullmq";
import type { Driver, Wake } from "../tasks/wake.ts";
import { kept } from "./kept.ts";
import { message, residentWorker, TICK_JOB, WAKE_JOB } from "./resident-worker.ts";
import { within } from "./within.ts";

export interface BullmqOptions {
  /** Of ioredis, `{ url: "redis://…" }`; with `backend` what that takes, `{ connectionString: "postgres://…" }`. */
  readonly connection: ConnectionOptions | { readonly connectionString: string; readonly schema?: string };
  /** The queue's name; default "tallystick". */
  readonly queue?: string | undefined;
  /** BullMQ's prefix of keys in Redis. */
  readonly prefix?: string | undefined;
  /** Another store than Redis, such as `createPostgresBackend` of bullmq. */
  // oxlint-disable-next-line typescript/no-explicit-any -- each backend has types of its own, which BullMQ matches with its connection
  readonly backend?: BackendFactory<any, any> | undefined;
  /** Wakes that a worker answers at once, with one drain; default 20. */
  readonly concurrency?: number | undefined;
  /** Default 60,000. */
  readonly tickEveryMs?: number | undefined;
  /**
   * scheduler (default): a job scheduler of the queue ticks, once for all workers. worker: each worker ticks by a timer of
   * its own, which is as safe, and spares the store the commands that a delayed job costs while nothing happens.
   */
  readonly tickBy?: "scheduler" | "worker" | undefined;
  /** A worker with nothing to do asks the store this often; BullMQ does so oftener while a delayed job stands. Default 5,000. */
  readonly idleMs?: number | undefined;
  /** How long the store may take before a wake counts as not taken; default 5,000. */
  readonly timeoutMs?: number | undefined;
}

const SCHEDULER = "tallystick-tick";
const MIN_STALLED_INTERVAL_MS = 30_000;

/** Wakes over a BullMQ queue. bullmq is loaded, and connects, when first used. */
export function bullmq(options: BullmqOptions): Driver {
  const { queue: name = "tallystick", timeoutMs = 5_000, tickEveryMs = 60_000, idleMs = 5_000 } = options;
  const common = {
    connection: options.connection as ConnectionOptions,
    ...(options.prefix !== undefined && { prefix: options.prefix }),
  };
  // BullMQ overloads its constructors by the backend; undefined is Redis.
  const backend = options.backend as undefined;
  const queue = kept(async (): Promise<Queue> => {
    const library = await import("bullmq");
    const made = new library.Queue(name, common, backend);
    // The call that fails tells; an error event without a listener would end the process.
    made.on("error", () => undefined);
    return made;
  });

  return {
    name: "bullmq",
    async wake(wakes) {
      await within(timeoutMs, (await queue.get()).addBulk(wakes.map(wakeJob)));
    },
    async check() {
      await within(timeoutMs, (await queue.get()).getJobCounts("wait"));
    },
    work: (runtime) =>
      residentWorker(runtime, {
        tickEveryMs,
        ...(options.tickBy !== "worker" && {
          async keepSchedule() {
            const made = await queue.get();
            await within(timeoutMs, made.upsertJobScheduler(SCHEDULER, { every: tickEveryMs }, tickJob));
          },
        }),
        async start(answer) {
          const library = await import("bullmq");
          const settings = { ...common, concurrency: options.concurrency ?? 20, drainDelay: idleMs / 1_000 };
          const stalledInterval = Math.max(MIN_STALLED_INTERVAL_MS, idleMs);
          const worker = new library.Worker(
            name,
            async (job) => answer(job.name),
            { ...settings, stalledInterval },
            backend,
          );
          const warn = (text: string) => (error: unknown) => runtime.logger.warn({ error: message(error) }, text);
          worker.on("error", warn("the queue's store does not answer"));
          worker.on("failed", (_job, error) => warn("a wake could not be answered")(error));
          // One that an earlier setting left behind would tick beside the workers' timers.
          if (options.tickBy === "worker") {
            const forget = async (): Promise<unknown> => (await queue.get()).removeJobScheduler(SCHEDULER);
            void forget().catch(warn("the queue's schedule could not be removed"));
          }
          return async () => within(timeoutMs, worker.close()).catch(async () => worker.close(true));
        },
      }),
    async close() {
      const closing = await queue.drop()?.catch(() => undefined);
      // A store that is away must not hold up the process's end.
      await within(timeoutMs, closing?.close() ?? Promise.resolve()).catch(async () => closing?.disconnect());
    },
  };
}

const tickJob = { name: TICK_JOB, opts: { removeOnComplete: true, removeOnFail: true } };

// An ended job tells nothing that the row does not, so none is kept. No job id: one that is taken twice does no harm, and
// an id would hold back the wake of a retry while the job of the attempt before it still runs.
function wakeJob({ taskId, delayMs }: Wake) {
  const opts = { removeOnComplete: true, removeOnFail: true, ...(delayMs > 0 && { delay: delayMs }) };
  return { name: WAKE_JOB, data: { taskId }, opts };
}
