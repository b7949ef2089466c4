// enrol: gives an account the right to a plan's monthly credits, and grants the first of them.
import type { Database, Queryable } from "../db/database.ts";
import { callFunction, inTransaction, type WriteOptions } from "./context.ts";
import { checkAccount, invalid, type AccountInput } from "./input.ts";
import { planTerms, type PlanTerms } from "./plan-terms.ts";

export interface EnrolInput extends AccountInput {
  readonly planId: string;
}

export interface EnrolResult {
  readonly enrolmentId: string;
  /** False when the account had been enrolled before: nothing was written. */
  readonly created: boolean;
}

/**
 * Enrols an account in a plan and grants the first period, in one transaction; once for each account and plan.
 * @throws invalid_request when the catalog has no such plan
 */
export async function enrol(
  database: Database,
  plans: readonly PlanTerms[],
  input: EnrolInput,
  options?: WriteOptions,
): Promise<EnrolResult> {
  checkAccount(input);
  if (!plans.some(({ id }) => id === input.planId)) throw invalid(`the catalog has no plan ${input.planId}.`);
  const work = async (tx: Queryable): Promise<EnrolResult> =>
    enrolAndGrant(tx, plans, {
      p_user_id: input.userId,
      p_unit: input.unit,
      p_plan_id: input.planId,
      p_type: "monthly_refresh",
    });
  return inTransaction(database, options, work);
}

export interface FactEnrolInput {
  readonly userId: string;
  readonly planId: string;
  readonly type: "subscription_renewal" | "lifetime_monthly";
  readonly quantity: number;
  /** Months paid for; undefined: without end. */
  readonly periodCount?: number;
  readonly paymentId: number;
  readonly provider: string;
  readonly fact: string;
  /** What ends the enrolment when it ends, such as a subscription. */
  readonly source?: string;
}

/** Enrols for a fact of a payment provider and grants the first period, in the transaction that handles it; once a fact. */
export async function enrolForFact(
  tx: Queryable,
  plans: readonly PlanTerms[],
  input: FactEnrolInput,
): Promise<EnrolResult> {
  return enrolAndGrant(tx, plans, {
    p_user_id: input.userId,
    p_plan_id: input.planId,
    p_type: input.type,
    p_quantity: input.quantity,
    p_period_count: input.periodCount,
    p_payment_id: input.paymentId,
    p_provider: input.provider,
    p_fact: input.fact,
    p_source: input.source,
  });
}

async function enrolAndGrant(
  tx: Queryable,
  plans: readonly PlanTerms[],
  parameters: Record<string, unknown>,
): Promise<EnrolResult> {
  const enrolled = await callFunction<EnrolResult & { accountId: string }>(tx, "enrol_account", parameters);
  // Under the account's lock, which this transaction holds.
  if (enrolled.created) await distributeAccount(tx, plans, enrolled.accountId);
  return { enrolmentId: enrolled.enrolmentId, created: enrolled.created };
}

/** Grants all that is due of an account whose lock the transaction holds. */
export async function distributeAccount(tx: Queryable, plans: readonly PlanTerms[], accountId: string): Promise<void> {
  await callFunction(tx, "distribute_account", { p_plans: planTerms(plans), p_account_id: accountId });
}
