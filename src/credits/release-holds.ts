// The sweep of holds past their deadline: it books what every check has honoured since.
import type { Database } from "../db/database.ts";
import { runBatches, type BudgetInput } from "./batches.ts";
import { callFunction } from "./context.ts";

export interface ReleaseHoldsResult {
  readonly released: number;
  /** Holds past their deadline that were not booked: the time was over, or the account was busy. */
  readonly remaining: number;
}

/**
 * Books the release of holds past their deadline, one transaction a batch. It changes no balance that anybody sees.
 * Safe when called twice at once, late, or never.
 */
export async function releaseHolds(database: Database, budget: BudgetInput = {}): Promise<ReleaseHoldsResult> {
  const countDue = async (): Promise<number> => callFunction<number>(database, "overdue_holds", {});
  const { done } = await runBatches(budget, {
    countDue,
    runBatch: async (batchSize) => {
      const { released } = await callFunction<{ released: number }>(database, "release_holds", { p_batch: batchSize });
      return { done: released, next: released > 0 ? {} : null };
    },
  });
  return { released: done, remaining: await countDue() };
}
