// drain: claims what is due and runs it, within a number of tasks and a time budget. Made for the tail of a request, and
// used by the resident worker too. One drain runs in a process at a time; a call during one makes it look again.
import { randomUUID } from "node:crypto";
import { runTask, type TaskOutcome, type TaskRunner } from "./run-task.ts";
import type { ClaimedTask } from "./task.ts";

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
  drain(input?: DrainInput): Promise<DrainResult>;
  /** Stops claiming; resolves when the tasks that run have been settled. */
  stop(): Promise<void>;
}

const LEASE_MS = 30_000;
const BATCH_FACTOR = 4;

export function createDrain(runner: TaskRunner): Drain {
  const worker = randomUUID();
  // One connection stays free for the request that the drain runs behind; a pool of one works in turn.
  const concurrency = Math.max(1, Math.min(4, runner.database.poolSize - 1));
  const stopping = new AbortController();
  let current: Promise<DrainResult> | undefined;
  let again = false;

  async function claim(limit: number): Promise<ClaimedTask[]> {
    const rows = await runner.database.query<{ task: ClaimedTask }>(
      "select tallystick.claim_tasks($1, $2, $3) as task",
      [limit, LEASE_MS, worker],
    );
    return rows.map(({ task }) => task);
  }

  async function runAll(tasks: ClaimedTask[], deadline: number): Promise<TaskOutcome[]> {
    const outcomes: TaskOutcome[] = [];
    const queue = [...tasks];
    const runNext = async (): Promise<void> => {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
        if (performance.now() >= deadline || stopping.signal.aborted) {
          await giveBack(task);
        } else {
          outcomes.push(await runTask(runner, task, stopping.signal));
        }
      }
    };
    await Promise.all(Array.from({ length: concurrency }, runNext));
    return outcomes;
  }

  // Claimed and not begun: back to the queue at once, no attempt counted.
  async function giveBack(task: ClaimedTask): Promise<void> {
    await runner.database.query("select tallystick.fail_task($1, $2, null, null, 0, false, true)", [
      task.id,
      task.leaseToken,
    ]);
  }

  async function drainOnce(input: DrainInput): Promise<DrainResult> {
    const deadline = performance.now() + (input.budgetMs ?? 10_000);
    const maxTasks = input.maxTasks ?? Number.POSITIVE_INFINITY;
    const outcomes: TaskOutcome[] = [];
    while (outcomes.length < maxTasks && performance.now() < deadline && !stopping.signal.aborted) {
      again = false;
      const tasks = await claim(Math.min(concurrency * BATCH_FACTOR, maxTasks - outcomes.length));
      if (tasks.length === 0 && !again) break;
      outcomes.push(...(await runAll(tasks, deadline)));
    }
    const [backlog] = await runner.database.query<{ backlog: { due: number; nextRunAt: string | null } }>(
      "select tallystick.task_backlog() as backlog",
    );
    const count = (wanted: TaskOutcome): number => outcomes.filter((outcome) => outcome === wanted).length;
    const nextRunAt = backlog?.backlog.nextRunAt ?? null;
    return {
      processed: outcomes.length,
      done: count("done"),
      failed: count("retry"),
      dead: count("dead"),
      remaining: backlog?.backlog.due ?? 0,
      nextRunAt: nextRunAt === null ? null : new Date(nextRunAt),
    };
  }

  return {
    async drain(input = {}) {
      again = true;
      current ??= drainOnce(input).finally(() => {
        current = undefined;
      });
      return current;
    },
    async stop() {
      stopping.abort(new Error("the worker stops"));
      await current;
    },
  };
}
