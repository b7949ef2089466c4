// Runs a set-based statement batch after batch until nothing is left or the time is over.
import { invalid } from "./input.ts";

export interface BudgetInput {
  /** Stop beginning batches after this many milliseconds; default 20,000. What is left is done by the next call. */
  readonly budgetMs?: number | undefined;
  /** Rows that one batch, which is one transaction, takes at the most; default 2,000. */
  readonly batchSize?: number | undefined;
}

export async function runBatches<Counts>(
  budget: BudgetInput,
  runBatch: (batchSize: number) => Promise<Counts>,
  isEmpty: (counts: Counts) => boolean,
): Promise<Counts[]> {
  const { batchSize = 2000, budgetMs = 20_000 } = budget;
  if (!(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= 100_000)) {
    throw invalid("batchSize must be a whole number from 1 to 100,000.");
  }
  if (Number.isNaN(budgetMs)) throw invalid("budgetMs must be a number.");
  // Not a decision about credits, only about when to stop working: the process' monotonic clock serves.
  const deadline = performance.now() + budgetMs;
  const all: Counts[] = [];
  do {
    const counts = await runBatch(batchSize);
    if (isEmpty(counts)) break;
    all.push(counts);
  } while (performance.now() < deadline);
  return all;
}
