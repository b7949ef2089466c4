// Runs a set-based statement batch after batch until nothing is left or the time is over.

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
  const batchSize = budget.batchSize ?? 2000;
  // Not a decision about credits, only about when to stop working: the process' monotonic clock serves.
  const deadline = performance.now() + (budget.budgetMs ?? 20_000);
  const all: Counts[] = [];
  do {
    const counts = await runBatch(batchSize);
    if (isEmpty(counts)) break;
    all.push(counts);
  } while (performance.now() < deadline);
  return all;
}
