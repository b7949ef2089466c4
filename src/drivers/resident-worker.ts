// A resident worker on a queue: each wake that it is brought makes it drain, and it ticks, or has the queue's schedule do so.
import type { WakeRuntime } from "../tasks/wake.ts";
import type { Worker } from "../tasks/worker.ts";
import { kept } from "./kept.ts";

export const TICK_JOB = "tick";
export const WAKE_JOB = "wake";
const ANSWER_BUDGET_MS = 20_000;

export interface QueueAccess {
  readonly tickEveryMs: number;
  /** Has the queue bring TICK_JOB by a schedule of its own, that of all workers; absent where this worker ticks by itself. */
  keepSchedule?(): Promise<unknown>;
  /** Begins to take jobs; `answer` is called with each one's kind. Resolves to what ends it, once its jobs are answered. */
  start(answer: (job: string) => Promise<void>): Promise<() => Promise<unknown>>;
}

export function residentWorker(runtime: WakeRuntime, { tickEveryMs, keepSchedule, start }: QueueAccess): Worker {
  const { logger } = runtime;
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

  // Asked for again each time: a flush takes the schedule with it. Where the queue is away the worker ticks by itself.
  async function keepTicking(): Promise<void> {
    if (keepSchedule === undefined) return answer(TICK_JOB);
    try {
      await keepSchedule();
    } catch (error) {
      if (stopping.signal.aborted) return;
      logger.warn({ error: message(error) }, "the queue's store does not answer; the worker ticks by itself");
      await runtime.tick();
    }
  }

  const taking = kept(async () => start(answer));
  begin(taking.get);
  const timer = setInterval(() => {
    // A queue that was away when the worker began is taken from once it is there.
    begin(taking.get);
    begin(keepTicking);
  }, tickEveryMs);
  if (keepSchedule !== undefined) begin(keepTicking);
  // What became due while no worker ran is not left until the schedule's next turn.
  begin(async () => answer(TICK_JOB));

  return {
    wake: () => begin(async () => answer(WAKE_JOB)),
    async stop() {
      stopping.abort();
      clearInterval(timer);
      const ended = taking
        .drop()
        ?.then(async (end) => end())
        .catch(() => undefined);
      await runtime.stop(Promise.all([ended, ...own]));
    },
  };
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
