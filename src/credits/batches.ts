// Runs a set-based statement batch after batch until nothing is left or the time is over.
import { invalid } from "./input.ts";

/** How far a run has come, told after each batch. */
export interface Progress {
  /** Rows done since the run began: lots expired, periods granted. */
  readonly done: number;
  readonly credits: number;
  /** Rows that were due when the run began and are not done yet. */
  readonly remaining: number;
  readonly elapsedMs: number;
}

export interface BudgetInput {
  /** Stop beginning batches after this many milliseconds; default 20,000. What is left is done by the next call. */
  readonly budgetMs?: number | undefined;
  /** Rows that one batch, which is one transaction, takes at the most; default 2,000, for `expire` 1,000. */
  readonly batchSize?: number | undefined;
  /** Told after each batch. With it, what is due is counted first: one more pass over the due rows. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Where the next batch begins, as the database said; opaque. */
export type Position = Readonly<Record<string, unknown>>;

interface BatchCounts {
  readonly done: number;
  readonly credits?: number | undefined;
  /** Null: nothing is behind this batch. */
  readonly next: Position | null;
}

export interface BatchPlan<Counts extends BatchCounts> {
  /** Undefined: progress is told without what remains. */
  readonly countDue?: () => Promise<number>;
  readonly runBatch: (batchSize: number, after: Position | undefined) => Promise<Counts>;
}

export interface Run {
  /** False when the time ended first. */
  readonly finished: boolean;
  readonly done: number;
  readonly credits: number;
}

/** Sums the batches up instead of keeping them, so that a run of any length takes the same memory. */
export async function runBatches<Counts extends BatchCounts>(
  budget: BudgetInput,
  { countDue, runBatch }: BatchPlan<Counts>,
  add: (counts: Counts) => void = () => undefined,
): Promise<Run> {
  const { batchSize = 2000, budgetMs = 20_000, onProgress } = budget;
  if (!(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= 100_000)) {
    throw invalid("batchSize must be a whole number from 1 to 100,000.");
  }
  if (Number.isNaN(budgetMs)) throw invalid("budgetMs must be a number.");
  // Not a decision about credits, only about when to stop working: the process' monotonic clock serves.
  const began = performance.now();
  const due = onProgress === undefined || countDue === undefined ? 0 : await countDue();
  let done = 0;
  let credits = 0;
  let after: Position | undefined;
  do {
    const counts = await runBatch(batchSize, after);
    done += counts.done;
    credits += counts.credits ?? 0;
    add(counts);
    onProgress?.({
      done,
      credits,
      remaining: Math.max(0, due - done),
      elapsedMs: Math.round(performance.now() - began),
    });
    if (counts.next === null) return { finished: true, done, credits };
    after = counts.next;
  } while (performance.now() - began < budgetMs);
  return { finished: false, done, credits };
}
