// distribute: the monthly credits of enrolled accounts, one grant for each (account, plan, period).
import type { Database } from "../db/database.ts";
import { runBatches, type BudgetInput, type Position, type Run } from "./batches.ts";
import { callFunction } from "./context.ts";
import { planTerms, type PlanTerms } from "./plan-terms.ts";

export interface DistributeResult {
  /** Grants made. */
  readonly count: number;
  readonly credits: number;
  /** Enrolments with a due period that was not granted: the time was over, or the account was busy or full. */
  readonly remaining: number;
  /** Plans that enrolments name and the catalog does not: nothing is granted for them. */
  readonly unknownPlans: readonly string[];
}

interface StoredCounts {
  readonly granted: number;
  readonly credits: number;
  readonly again?: number;
  readonly returned?: number;
  readonly next: Position | null;
}

/**
 * Grants every due period of every enrolled account, one transaction a batch, missed periods included. Safe when called
 * twice at once, late, or stopped at any point: a period is granted once. Enrolments whose payment went back in part or
 * whole come last, each in a transaction of its own that takes back what it owes.
 * @throws invalid_request, lock_timeout
 */
export async function distributeCredits(
  database: Database,
  plans: readonly PlanTerms[],
  budget: BudgetInput = {},
): Promise<DistributeResult> {
  const began = performance.now();
  const terms = planTerms(plans);
  const readDue = async (): Promise<Pick<DistributeResult, "remaining" | "unknownPlans">> =>
    callFunction(database, "due_enrolments", { p_plans: terms });
  const countDue = async (): Promise<number> => (await readDue()).remaining;
  let returned = 0;
  let again = 0;
  const run = async (
    name: string,
    given: BudgetInput,
    parameters: (batchSize: number) => Record<string, unknown>,
  ): Promise<Run> =>
    runBatches(given, {
      countDue,
      runBatch: async (batchSize, after) => {
        const counts = await callFunction<StoredCounts>(database, name, {
          p_plans: terms,
          ...parameters(batchSize),
          p_after: after === undefined ? undefined : JSON.stringify(after),
        });
        returned += counts.returned ?? 0;
        again += counts.again ?? 0;
        // At the end, from the front again for those that missed more than one period.
        const next = counts.next ?? (again > 0 ? {} : null);
        if (counts.next === null) again = 0;
        return { ...counts, next, done: counts.granted };
      },
    });

  const set = await run("distribute_credits", budget, (batchSize) => ({ p_batch: batchSize }));
  const left = (budget.budgetMs ?? 20_000) - (performance.now() - began);
  const single =
    returned > 0 && left > 0
      ? await run("distribute_returned", { budgetMs: left }, () => ({}))
      : { done: 0, credits: 0 };
  return { count: set.done + single.done, credits: set.credits + single.credits, ...(await readDue()) };
}
