// The pump behind a drain: a few runners take tasks from one supply, which is refilled whenever it is empty. A task that
// takes long occupies its runner alone; the others go on claiming.
import { runTask, type TaskOutcome, type TaskRunner } from "./run-task.ts";
import type { ClaimedTask } from "./task.ts";

export interface PumpLimits {
  readonly maxTasks: number;
  /** On the monotonic clock of this process. */
  readonly deadline: number;
}

export interface Pump {
  /** Runs what is due until nothing is, or a limit is reached. @throws what reaching the database throws */
  run(limits: PumpLimits, stopping: AbortSignal): Promise<TaskOutcome[]>;
  /** Has runners without work look again. */
  wake(): void;
}

const LEASE_MS = 30_000;
// A claimed task that waited longer than this for a runner is given back: its lease might run out while it loads.
const MAX_WAIT_MS = 10_000;
const CLAIM_FACTOR = 4;

interface Supplied {
  readonly task: ClaimedTask;
  readonly claimedAt: number;
}

export function createPump(runner: TaskRunner, worker: string): Pump {
  // One connection stays free for the request that the drain runs behind; a pool of one works in turn.
  const concurrency = Math.max(1, Math.min(4, runner.database.poolSize - 1));
  let sleepers: (() => void)[] = [];
  // Counts what may have made a task due; a claim that found nothing is believed only if this has not moved since.
  let changes = 0;

  function wake(): void {
    changes += 1;
    const woken = sleepers;
    sleepers = [];
    for (const resolve of woken) resolve();
  }

  async function claim(limit: number): Promise<Supplied[]> {
    const rows = await runner.database.query<{ task: ClaimedTask }>(
      "select tallystick.claim_tasks($1, $2, $3) as task",
      [limit, LEASE_MS, worker],
    );
    return rows.map(({ task }) => ({ task, claimedAt: performance.now() }));
  }

  // Claimed and not begun: back to its place at once, no attempt counted.
  async function giveBack(task: ClaimedTask): Promise<void> {
    await runner.database.query("select tallystick.fail_task($1, $2, null, null, null, false, true)", [
      task.id,
      task.leaseToken,
    ]);
  }

  async function run(limits: PumpLimits, stopping: AbortSignal): Promise<TaskOutcome[]> {
    const outcomes: TaskOutcome[] = [];
    const supply: Supplied[] = [];
    let refill: { readonly seen: number; readonly done: Promise<void> } | undefined;
    let begun = 0;
    let busy = 0;
    let finished = false;

    const isOver = (): boolean =>
      finished || stopping.aborted || begun >= limits.maxTasks || performance.now() >= limits.deadline;

    const beginRefill = (): { readonly seen: number; readonly done: Promise<void> } => {
      const limit = Math.min(concurrency * CLAIM_FACTOR, limits.maxTasks - begun);
      const done = claim(limit)
        .then((tasks) => void supply.push(...tasks))
        .finally(() => {
          refill = undefined;
        });
      return { seen: changes, done };
    };

    const take = async (): Promise<ClaimedTask | undefined> => {
      while (!isOver()) {
        const next = supply.shift();
        if (next !== undefined) {
          if (performance.now() - next.claimedAt < MAX_WAIT_MS) {
            begun += 1;
            busy += 1;
            return next.task;
          }
          await giveBack(next.task);
          continue;
        }
        refill ??= beginRefill();
        const { seen, done } = refill;
        await done;
        if (supply.length > 0 || seen !== changes) continue;
        if (busy === 0) break;
        await new Promise<void>((resolve) => sleepers.push(resolve));
      }
      return undefined;
    };

    const runTasks = async (): Promise<void> => {
      try {
        for (let task = await take(); task !== undefined; task = await take()) {
          outcomes.push(await runTask(runner, task, stopping).finally(() => void (busy -= 1)));
          // Its lane may hold another task.
          wake();
        }
      } finally {
        finished = true;
        wake();
      }
    };

    const runners = await Promise.allSettled(Array.from({ length: concurrency }, runTasks));
    const returned = await Promise.allSettled(supply.map(async ({ task }) => giveBack(task)));
    const failure = [...runners, ...returned].find((settled) => settled.status === "rejected");
    // The database is away; what could not be given back is found when its lease runs out.
    if (failure !== undefined) throw failure.reason;
    return outcomes;
  }

  return { run, wake };
}
