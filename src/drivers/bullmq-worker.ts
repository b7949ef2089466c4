// A resident worker on BullMQ's queue: each wake makes it drain, its scheduler makes it tick.
import type { Queue, Worker as QueueWorker } from "bullmq";
import type { WakeRuntime } from "../tasks/wake.ts";
import type { Worker } from "../tasks/worker.ts";
import { within } from "./within.ts";

export const TICK_JOB = "tick";
const SCHEDULER = "tallystick-tick";
const ANSWER_BUDGET_MS = 20_000;

export interface QueueAccess {
  readonly queue: Queue;
  readonly tickEveryMs: number;
  readonly timeoutMs: number;
  /** Begins to take jobs; `answer` is called with each one's name. */
  start(answer: (job: string) => Promise<void>): QueueWorker;
}

export function residentWorker(runtime: WakeRuntime, access: QueueAccess): Worker {
  const { logger } = runtime;
  const { queue, tickEveryMs, timeoutMs } = access;
  const stopping = new AbortController();
  const own = new Set<Promise<unknown>>();

  async function answer(job: string): Promise<void> {
    if (stopping.signal.aborted) return;
    if (job !== TICK_JOB) return void (await runtime.answer({ budgetMs: ANSWER_BUDGET_MS, signal: stopping.signal }));
    await runtime.tick();
    // What it enqueued, or put off, goes out before the job counts as done.
    if (!stopping.signal.aborted) await runtime.wake();
  }

  // What no job asked for; a stop waits for it as it does for jobs.
  function begin(work: () => Promise<unknown>): void {
    const running = work()
      .catch((error: unknown) =>
        logger.warn({ error: message(error) }, "the worker could not work; the next tick does it"),
      )
      .finally(() => own.delete(running));
    own.add(running);
  }

  // Asked for again each time: a flush takes the scheduler with it. Where the store is away the worker ticks by itself.
  async function keepTicking(): Promise<void> {
    const job = { name: TICK_JOB, opts: { removeOnComplete: true, removeOnFail: true } };
    try {
      await within(timeoutMs, queue.upsertJobScheduler(SCHEDULER, { every: tickEveryMs }, job));
    } catch (error) {
      if (stopping.signal.aborted) return;
      logger.warn({ error: message(error) }, "the queue's store does not answer; the worker ticks by itself");
      await runtime.tick();
    }
  }

  const worker = access.start(answer);
  worker.on("error", (error) => logger.warn({ error: message(error) }, "the queue's store does not answer"));
  worker.on("failed", (_job, error) => logger.warn({ error: message(error) }, "a wake could not be answered"));
  const timer = setInterval(() => begin(keepTicking), tickEveryMs);
  begin(keepTicking);
  // What became due while no worker ran is not left until the schedule's next turn.
  begin(async () => answer(TICK_JOB));

  return {
    wake: () => begin(async () => answer("wake")),
    async stop() {
      stopping.abort();
      clearInterval(timer);
      const closed = within(timeoutMs, worker.close()).catch(async () => worker.close(true));
      await runtime.stop(Promise.all([closed, ...own]));
    },
  };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
