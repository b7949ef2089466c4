// What the sandbox does by itself while it runs: deliver events, and let time do what is due on everyone's clock. It
// sleeps until the next thing is due or somebody changed something.
import type { Courier } from "./events/courier.ts";

// The clock of the database may be set, and another sandbox may write: look again after this long in any case.
const LONGEST_SLEEP_MS = 5_000;

export interface Runner {
  start(): void;
  /** There may be something to do. */
  wake(): void;
  /** Resolves when the next step of any kind is done. */
  nextStep(): Promise<void>;
  /** Stops what is on its way; it is delivered again later. */
  stop(): Promise<void>;
}

export interface RunnerOptions {
  readonly courier: Courier;
  /** Does what is due on everyone's clock; answers milliseconds until the next, or null. */
  doDueWork(): Promise<number | null>;
  onError(error: unknown): void;
}

export function createRunner({ courier, doDueWork, onError }: RunnerOptions): Runner {
  const stopping = new AbortController();
  const loops: Promise<void>[] = [];
  const sleepers = new Set<() => void>();
  const watchers = new Set<() => void>();
  let changes = 0;

  const sleep = async (ms: number, seen: number): Promise<void> => {
    if (changes !== seen || stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(Math.max(ms, 1), LONGEST_SLEEP_MS));
      const awake = (): void => {
        clearTimeout(timer);
        sleepers.delete(awake);
        resolve();
      };
      sleepers.add(awake);
    });
  };
  const loop = async (step: () => Promise<number | null>): Promise<void> => {
    while (!stopping.signal.aborted) {
      const seen = changes;
      const pauseMs = await step().catch((error: unknown) => {
        if (!stopping.signal.aborted) onError(error);
        return LONGEST_SLEEP_MS;
      });
      for (const seenBy of watchers) seenBy();
      watchers.clear();
      await sleep(pauseMs ?? LONGEST_SLEEP_MS, seen);
    }
  };
  const wake = (): void => {
    changes += 1;
    for (const awake of sleepers) awake();
  };
  return {
    start() {
      loops.push(loop(async () => ((await courier.deliverDue(stopping.signal)) > 0 ? 0 : courier.nextDueMs())));
      loops.push(loop(doDueWork));
    },
    wake,
    nextStep: async () =>
      new Promise<void>((resolve) => {
        watchers.add(resolve);
      }),
    async stop() {
      stopping.abort();
      wake();
      await Promise.all(loops);
    },
  };
}
