// The resident worker: drains whenever something is due and ticks once a minute, for products that run a process of
// their own. It polls; a wake in the same process makes it look at once.
import type { Logger } from "../kernel/logger.ts";
import type { Drain } from "./drain.ts";

export interface WorkerOptions {
  readonly drain: Drain;
  readonly tick: () => Promise<unknown>;
  readonly logger: Logger;
  /** Look for work at least this often; default 1,000. */
  readonly pollMs?: number;
  /** Default 60,000. */
  readonly tickEveryMs?: number;
}

export interface Worker {
  /** Looks for work now. */
  wake(): void;
  /** Stops claiming, lets running tasks settle, their loads within the grace of a stop (`stopGraceMs`), then resolves. */
  stop(): Promise<void>;
}

export function runWorker(options: WorkerOptions): Worker {
  const { drain, tick, logger } = options;
  const pollMs = options.pollMs ?? 1_000;
  const tickEveryMs = options.tickEveryMs ?? 60_000;
  const stopping = new AbortController();
  let woken = false;
  let wakeUp: () => void = () => undefined;

  async function sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function loop(): Promise<void> {
    let nextTick = performance.now();
    while (!stopping.signal.aborted) {
      woken = false;
      try {
        if (performance.now() >= nextTick) {
          nextTick = performance.now() + tickEveryMs;
          await tick();
        } else {
          await drain.drain({ budgetMs: 20_000 });
        }
      } catch (error) {
        // The database is away or restarting: the rows keep the work, the next round finds it.
        logger.warn(
          { error: error instanceof Error ? error.message : String(error) },
          "the worker could not work; it tries again",
        );
      }
      if (!stopping.signal.aborted && !woken) await sleep(pollMs);
    }
  }

  const running = loop();
  return {
    wake: () => {
      woken = true;
      wakeUp();
    },
    async stop() {
      stopping.abort();
      wakeUp();
      await drain.stop(running);
      await running;
    },
  };
}
