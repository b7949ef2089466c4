// The pump behind a drain: a few runners take tasks from one supply, which is refilled whenever it is empty. A task that
// takes long occupies its runner alone; the others go on claiming.
import { batchSizeOf, giveBack, runBatch, type StopSignals } from "./run-batch.ts";
import { beginsWithItsEffect, type TaskOutcome, type TaskRunner } from "./run-task.ts";
import type { ClaimedTask } from "./task.ts";

export interface PumpLimits {
  readonly maxTasks: number;
  /** On the monotonic clock of this process. */
  readonly deadline: number;
}

export interface Pump {
  /** Runs what is due until nothing is, or a limit is reached. @throws what reaching the database throws */
  run(limits: PumpLimits, stop: StopSignals): Promise<TaskOutcome[]>;
  /** Has runners without work look again. */
  wake(): void;
}

const LEASE_MS = 30_000;
// A claimed task that waited longer than this for a runner is given back: its lease might run out while it loads.
const MAX_WAIT_MS = 10_000;
const CLAIM_FACTOR = 4;
// More than that are claimed of tasks that are run through so soon that an idle process could not have been much sooner.
const AHEAD_MS = 50;
const MAX_AHEAD = 64;
// What the last task of a name counts in the mean of those before it.
const MEAN_WEIGHT = 0.1;
// Claimed are so many times more than should be: of another kind than those before, and not one that was slow by chance.
const FAR_TOO_MANY = 4;

interface Supplied {
  readonly task: ClaimedTask;
  readonly claimedAt: number;
}

const isFresh = ({ claimedAt }: Supplied): boolean => performance.now() - claimedAt < MAX_WAIT_MS;

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

  async function run(limits: PumpLimits, stop: StopSignals): Promise<TaskOutcome[]> {
    const outcomes: TaskOutcome[] = [];
    const supply: Supplied[] = [];
    let refill: { readonly seen: number; readonly done: Promise<void> } | undefined;
    let appetite = concurrency * CLAIM_FACTOR;
    const meanMs = new Map<string, number>();
    let begun = 0;
    let busy = 0;
    let finished = false;

    const isEnding = (): boolean => stop.stopping.aborted || performance.now() >= limits.deadline;
    const isOver = (): boolean => finished || begun >= limits.maxTasks || isEnding();

    const beginRefill = (): { readonly seen: number; readonly done: Promise<void> } => {
      const done = stock(Math.min(appetite, limits.maxTasks - begun)).finally(() => {
        refill = undefined;
      });
      return { seen: changes, done };
    };

    const stock = async (limit: number): Promise<void> => {
      const tasks = await claim(limit);
      const most = concurrency * Math.max(CLAIM_FACTOR, Math.min(...tasks.map(({ task }) => aheadOf(task))));
      const kept = tasks.length > most * FAR_TOO_MANY ? most : tasks.length;
      supply.push(...tasks.slice(0, kept));
      appetite = tasks.length < limit ? concurrency * CLAIM_FACTOR : Math.min(limit * 2, most);
      const tooMany = tasks.slice(kept).map(({ task }) => task);
      await giveBack(runner.database, tooMany);
    };

    // More than a few are claimed only of tasks that share transactions or take no time: others would wait here while
    // another process idles.
    const meanOf = (name: string): number => meanMs.get(name) ?? AHEAD_MS;
    const aheadOf = (task: ClaimedTask): number =>
      Math.max(batchSizeOf(runner, task), Math.min(MAX_AHEAD, Math.floor(AHEAD_MS / meanOf(task.name))));
    const time = (name: string, tookMs: number): void => {
      meanMs.set(name, meanOf(name) + (tookMs - meanOf(name)) * MEAN_WEIGHT);
    };

    /** The task with others that may share its transaction; from here on they count as begun. */
    const begin = (first: Supplied): readonly Supplied[] => {
      const batch = [first];
      const size = Math.min(batchSizeOf(runner, first.task), limits.maxTasks - begun);
      for (let index = 0; index < supply.length && batch.length < size;) {
        const other = supply[index];
        if (other?.task.name === first.task.name && batchSizeOf(runner, other.task) > 1) {
          batch.push(other);
          supply.splice(index, 1);
        } else index += 1;
      }
      begun += batch.length;
      busy += 1;
      return batch;
    };

    const take = async (): Promise<readonly Supplied[] | undefined> => {
      while (!isOver()) {
        const next = supply.shift();
        if (next !== undefined) {
          if (isFresh(next)) return begin(next);
          await giveBack(runner.database, [next.task]);
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
      // Taken while the transaction of the batch before is committed: its own is begun with that.
      let following: readonly Supplied[] | undefined;
      let until = 0;
      const { transaction: transact, end } = runner.database.succession(() => {
        const next = supply[0];
        if (following !== undefined || next === undefined) return following !== undefined;
        // A batch that its time cut off gives the rest of it back first.
        if (isOver() || performance.now() >= until || !isFresh(next)) return false;
        if (!beginsWithItsEffect(runner, next.task)) return false;
        supply.shift();
        following = begin(next);
        return true;
      });
      const isFollowerFresh = (): boolean => following?.every(isFresh) ?? true;
      // Not begun after all: back where it was.
      const putBack = async (): Promise<void> => {
        if (following !== undefined) {
          supply.unshift(...following);
          begun -= following.length;
          busy -= 1;
          following = undefined;
        }
        await end();
      };
      try {
        for (let batch = await take(); batch !== undefined;) {
          following = undefined;
          const tasks = batch.map(({ task }) => task);
          const begunAt = performance.now();
          until = Math.min(limits.deadline, ...batch.map(({ claimedAt }) => claimedAt + MAX_WAIT_MS));
          const running = runBatch(runner, tasks, { ...stop, transact, until });
          outcomes.push(...(await running.finally(() => void (busy -= 1))));
          time(tasks[0]?.name ?? "", (performance.now() - begunAt) / tasks.length);
          // Its lane may hold another task.
          wake();
          // The commit may have taken its time.
          if (isEnding() || !isFollowerFresh()) await putBack();
          batch = following ?? (await take());
        }
      } finally {
        finished = true;
        wake();
        await putBack();
      }
    };

    const runners = await Promise.allSettled(Array.from({ length: concurrency }, runTasks));
    const left = supply.map(({ task }) => task);
    const [returned] = await Promise.allSettled([giveBack(runner.database, left)]);
    const failure = [...runners, returned].find((settled) => settled.status === "rejected");
    // The database is away; what could not be given back is found when its lease runs out.
    if (failure !== undefined) throw failure.reason;
    return outcomes;
  }

  return { run, wake };
}
