// expire: books what lots past their date still held.
import type { Database } from "../db/database.ts";
import { runBatches, type BudgetInput, type Position } from "./batches.ts";
import { callFunction } from "./context.ts";

// Fewer than elsewhere: a lot brings its account's other due lots along, and an account waits while its batch is booked.
const BATCH_SIZE = 1000;

export interface ExpireResult {
  /** Lots booked. */
  readonly expired: number;
  readonly accounts: number;
  /** Credits that expired unused. */
  readonly credits: number;
  /** Lots past their date that are not booked yet: the time was over, or their account was busy. */
  readonly remaining: number;
}

interface StoredCounts {
  readonly expired: number;
  readonly accounts: number;
  readonly credits: number;
  readonly busy: number;
  readonly next: Position | null;
}

/**
 * Books expired lots, one transaction a batch; safe when called twice at once or stopped at any point. It changes no
 * balance that anyone can observe: an expired lot counts for nothing from its date on. Memory doesn't grow with the work.
 * @throws invalid_request, lock_timeout
 */
export async function expire(database: Database, budget: BudgetInput = {}): Promise<ExpireResult> {
  let accounts = 0;
  let busy = 0;
  const countDue = async (): Promise<number> => callFunction<number>(database, "expirable_lots", {});
  const { finished, done, credits } = await runBatches(
    { ...budget, batchSize: budget.batchSize ?? BATCH_SIZE },
    {
      countDue,
      runBatch: async (batchSize, after) => {
        const counts = await callFunction<StoredCounts>(database, "expire_credits", {
          p_batch: batchSize,
          p_after: after === undefined ? undefined : JSON.stringify(after),
        });
        return { ...counts, done: counts.expired };
      },
    },
    (counts) => {
      accounts += counts.accounts;
      busy += counts.busy;
    },
  );
  return { expired: done, accounts, credits, remaining: finished && busy === 0 ? 0 : await countDue() };
}
