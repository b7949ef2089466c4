// Returns of money: what a payment's refunds and disputes take back of its credits.
import type { Database, Queryable } from "../db/database.ts";
import { callFunction, inTransaction, refuse, type StoredOutcome, type WriteOptions } from "./context.ts";
import { checkId, invalid } from "./input.ts";

export interface SettleReturnsInput {
  readonly paymentId: string;
  /** What was paid, in the currency's minor unit. */
  readonly paid: number;
  /** The sum of refunds that stand and of dispute amounts withdrawn and not reinstated; above `paid` it counts as `paid`. */
  readonly returned: number;
  /**
   * What becomes of credits that are spent already: they stay as `debt` (default), or the product `forgive`s them; those
   * that are held are forgiven when it is known that nothing held can pay for them. It concerns what is taken back from
   * now on.
   */
  readonly policy?: "debt" | "forgive" | undefined;
}

export interface SettleReturnsResult {
  /** Credits that this call took back. */
  readonly clawedBack: number;
  /** Credits that this call put back, because less is returned than was. */
  readonly reinstated: number;
  /** What of the taken credits was spent already and forgiven; what is forgiven later is not told. */
  readonly forgiven: number;
}

/**
 * Makes the credits taken back for a payment what its returned part asks for: floor(granted × returned / paid), in favour
 * of the customer. It is told the present sums and not what changed, so that repeats, lost calls and calls in any order
 * end the same. What is told is kept: a grant that comes later for the payment is settled in its own transaction.
 * @throws invalid_request, balance_limit, lock_timeout; invalid_state in a caller's transaction that is not READ COMMITTED
 */
export async function settleReturns(
  database: Database,
  input: SettleReturnsInput,
  options?: WriteOptions,
): Promise<SettleReturnsResult> {
  checkReturns(input);
  // In a transaction of our own, because only READ COMMITTED shows what a grant wrote that this waited for.
  return inTransaction(database, options, async (tx) => settleReturnsIn(tx, input));
}

/** The same within a transaction that is open. */
export async function settleReturnsIn(tx: Queryable, input: SettleReturnsInput): Promise<SettleReturnsResult> {
  checkReturns(input);
  const stored = await callFunction<StoredOutcome & SettleReturnsResult>(tx, "settle_returns", {
    p_payment_id: input.paymentId,
    p_paid: input.paid,
    p_returned: input.returned,
    p_policy: input.policy,
  });
  if (stored.outcome !== "ok") refuse(stored);
  return { clawedBack: stored.clawedBack, reinstated: stored.reinstated, forgiven: stored.forgiven };
}

function checkReturns(input: SettleReturnsInput): void {
  checkId("payment", input.paymentId);
  for (const name of ["paid", "returned"] as const) {
    if (!Number.isSafeInteger(input[name]) || input[name] < 0) {
      throw invalid(`${name} must be a whole number of the currency's minor unit, from 0.`);
    }
  }
  if (input.policy !== undefined && input.policy !== "debt" && input.policy !== "forgive") {
    throw invalid('policy must be "debt" or "forgive".');
  }
}
