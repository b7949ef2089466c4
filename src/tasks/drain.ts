// drain: claims what is due and runs it, within a number of tasks and a time budget. Made for the tail of a request, and
// used by the resident worker too. One drain runs in a process at a time; calls during one share the drain after it.
import { createPump, type PumpLimits } from "./pump.ts";
import type { TaskOutcome, TaskRunner } from "./run-task.ts";

export interface DrainInput {
  /** Tasks at the most; default no limit. */
  readonly maxTasks?: number | undefined;
  /** Begin no task after this many milliseconds; default 10,000. A begun task may take up to its load time longer. */
  readonly budgetMs?: number | undefined;
}

export interface DrainResult {
  /** Tasks settled, whatever their outcome. */
  readonly processed: number;
  readonly done: number;
  readonly failed: number;
  readonly dead: number;
  /** Lanes and tasks that are due and were not reached (counted up to 1,000 each). */
  readonly remaining: number;
  /** When the next task is due; null when nothing waits. */
  readonly nextRunAt: Date | null;
}

export interface Drain {
  /** Whatever was committed before the call is reached by it, but for the limits. */
  drain(input?: DrainInput): Promise<DrainResult>;
  /**
   * Ends the drain that runs, and those that begin before `until` settles: they begin no more. Resolves when the tasks
   * that run have been settled; loads that have not ended within the grace are aborted.
   */
  stop(until?: Promise<unknown>): Promise<void>;
}

// Under the ten seconds after which container engines kill by default.
const STOP_GRACE_MS = 8_000;

/** `stopGraceMs`: how long a stop lets loads run on; default 8,000. */
export function createDrain(runner: TaskRunner, stopGraceMs = STOP_GRACE_MS): Drain {
  const pump = createPump(runner, crypto.randomUUID());
  let stopping = new AbortController();
  let loads = new AbortController();
  let current: Promise<DrainResult> | undefined;
  let next: { limits: PumpLimits; result: Promise<DrainResult> } | undefined;

  async function drainOnce(limits: () => PumpLimits): Promise<DrainResult> {
    const outcomes = await pump.run(limits(), { stopping: stopping.signal, abortLoads: loads.signal });
    const [row] = await runner.database.query<{ backlog: { due: number; nextRunAt: string | null } }>(
      "select tallystick.task_backlog() as backlog",
    );
    const count = (wanted: TaskOutcome): number => outcomes.filter((outcome) => outcome === wanted).length;
    const nextRunAt = row?.backlog.nextRunAt ?? null;
    return {
      processed: outcomes.length,
      done: count("done"),
      failed: count("retry"),
      dead: count("dead"),
      remaining: row?.backlog.due ?? 0,
      nextRunAt: nextRunAt === null ? null : new Date(nextRunAt),
    };
  }

  function begin(limits: () => PumpLimits): Promise<DrainResult> {
    const result = drainOnce(limits).finally(() => {
      current = undefined;
    });
    current = result;
    return result;
  }

  async function afterCurrent(running: Promise<DrainResult>): Promise<DrainResult> {
    // Its failure is its own caller's.
    await running.catch(() => undefined);
    return begin(() => {
      const limits = next?.limits ?? { maxTasks: 0, deadline: 0 };
      next = undefined;
      return limits;
    });
  }

  return {
    async drain({ maxTasks = Number.POSITIVE_INFINITY, budgetMs = 10_000 } = {}) {
      // Counted from the call: a caller that waits for the drain before its own does not wait twice.
      const limits = { maxTasks, deadline: performance.now() + budgetMs };
      if (next === undefined) {
        if (current === undefined) return begin(() => limits);
        next = { limits, result: afterCurrent(current) };
      }
      // What came with this call is run by the drain that runs if its limits allow, and seen by the one after it.
      pump.wake();
      next.limits = {
        maxTasks: Math.max(next.limits.maxTasks, limits.maxTasks),
        deadline: Math.max(next.limits.deadline, limits.deadline),
      };
      return next.result;
    },
    async stop(until) {
      const [mine, itsLoads] = [stopping, loads];
      mine.abort();
      const timer = setTimeout(() => itsLoads.abort(new Error("the worker stops")), stopGraceMs);
      await Promise.allSettled([current, next?.result, until]);
      clearTimeout(timer);
      // A later call drains again: stopping a worker closes no door. Unless another stop has opened it already.
      if (stopping === mine) [stopping, loads] = [new AbortController(), new AbortController()];
    },
  };
}
