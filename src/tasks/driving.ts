// What stands between the engine and its driver: wakes that go out, and wakes that come in by a worker, a handler or a
// consumer of the product's own. Without a driver a wake is a drain.
import type { Database } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { drainOutboxes, type Relay } from "./drain-outboxes.ts";
import type { Drain, DrainResult } from "./drain.ts";
import type { TickInput, TickResult } from "./tick.ts";
import { createWaking, type AnswerInput, type Driver, type WakeInput } from "./wake.ts";
import { runWorker, type Worker } from "./worker.ts";

/** Another's work on a lane may keep it for so long; who looks again sooner than this needs no wake for it. */
const LOOK_AGAIN_MS = 250;
const MIN_WAIT_MS = 50;

export interface DrivingOptions {
  readonly database: Database;
  readonly driver: Driver | undefined;
  readonly tasks: Drain;
  readonly relays: readonly Relay[];
  readonly tick: (input?: TickInput) => Promise<TickResult>;
  readonly logger: Logger;
}

export function createDriving({ database, driver, tasks, relays, tick, logger }: DrivingOptions) {
  const drain = drainOutboxes(tasks.drain, relays);
  const hand = driver && createWaking(database, driver, relays);
  const wake: (input?: WakeInput) => Promise<unknown> = hand ?? drain;

  const answers = new Set<Promise<DrainResult>>();

  async function answer(input?: AnswerInput): Promise<DrainResult> {
    const answering = answerOnce(input).finally(() => answers.delete(answering));
    answers.add(answering);
    return answering;
  }

  async function answerOnce({ budgetMs = 10_000, signal }: AnswerInput = {}): Promise<DrainResult> {
    const deadline = performance.now() + budgetMs;
    const leftMs = (): number => Math.max(0, deadline - performance.now());
    let fruitless = 0;
    const total = { processed: 0, done: 0, failed: 0, dead: 0 };
    for (;;) {
      const result = await drain({ budgetMs: leftMs() });
      for (const key of ["processed", "done", "failed", "dead"] as const) total[key] += result[key];
      const { remaining, nextRunAt } = result;
      const dueInMs = (nextRunAt?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now();
      const waitMs = remaining > 0 ? 0 : dueInMs;
      // What is due and was not taken fell due a moment ago, or another holds it, or the clocks differ: looked for once
      // more, not without end.
      fruitless = waitMs <= 0 && result.processed === 0 ? fruitless + 1 : 0;
      const goesOn = waitMs <= LOOK_AGAIN_MS && fruitless < 2;
      if (!goesOn || signal?.aborted === true || leftMs() <= waitMs) {
        const isOver = total.processed > 0 || leftMs() === 0;
        if (hand !== undefined && remaining > 0 && isOver) await database.query("select tallystick.rewake_due()");
        // A stop leaves the wakes to whoever looks next: what runs elsewhere must not wait for this process's end.
        if (hand !== undefined && signal?.aborted !== true) await hand();
        return { ...result, ...total };
      }
      await new Promise((resolve) => {
        setTimeout(resolve, Math.max(waitMs, fruitless > 0 ? MIN_WAIT_MS : 0));
      });
    }
  }

  async function tickAndRewake(input?: TickInput): Promise<void> {
    const result = await tick(input);
    if (hand !== undefined && result.tasks.remaining > 0) await database.query("select tallystick.rewake_due()");
  }

  const workers = new Set<Worker>();
  const runtime = { answer, stop: tasks.stop, tick: tickAndRewake, wake, logger };
  return {
    drain,
    wake,
    answer,
    /** Of a tick: what was never handed over. */
    maintenance:
      hand === undefined
        ? []
        : [{ name: "wakes", run: async (budgetMs: number) => ({ ...(await hand({ budgetMs })) }) }],
    run(): Worker {
      const worker = driver?.work?.(runtime) ?? runWorker({ drain: { drain, stop: tasks.stop }, tick, logger });
      workers.add(worker);
      return worker;
    },
    async receive(request: Request): Promise<Response> {
      if (driver?.receive === undefined) throw new TallystickError("not_found", "No driver is called here.");
      return driver.receive(request, runtime);
    },
    setUp: async (): Promise<readonly string[]> => (await driver?.setUp?.()) ?? [],
    async close(): Promise<void> {
      // Those wakes that are being answered begin nothing more, and hand on what they leave. All within one grace.
      const stopped = [...workers].map(async (worker) => worker.stop());
      await Promise.all([...stopped, tasks.stop(Promise.allSettled(answers))]);
      await driver?.close();
    },
  };
}
