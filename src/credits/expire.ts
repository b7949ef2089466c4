// expire: books what lots past their date still held.
import type { Database } from "../db/database.ts";
import { runBatches, type BudgetInput } from "./batches.ts";
import { callFunction } from "./context.ts";

export interface ExpireResult {
  /** Lots booked. */
  readonly expired: number;
  readonly accounts: number;
  /** Credits that expired unused. */
  readonly credits: number;
  /** Lots past their date that are not booked yet: the time was over, or their account was busy. */
  readonly remaining: number;
}

/**
 * Books expired lots, one transaction a batch; safe when called twice at once or stopped at any point. It changes no
 * balance that anyone can observe: an expired lot counts for nothing from its date on.
 */
export async function expire(database: Database, budget: BudgetInput = {}): Promise<ExpireResult> {
  type Counts = Omit<ExpireResult, "remaining">;
  const batches = await runBatches(
    budget,
    async (batchSize) => callFunction<Counts>(database, "expire_credits", { p_batch: batchSize }),
    ({ expired }) => expired === 0,
  );
  return {
    expired: batches.reduce((sum, { expired }) => sum + expired, 0),
    accounts: batches.reduce((sum, { accounts }) => sum + accounts, 0),
    credits: batches.reduce((sum, { credits }) => sum + credits, 0),
    remaining: await callFunction<number>(database, "expirable_lots", {}),
  };
}
