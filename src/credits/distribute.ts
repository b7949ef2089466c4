// distribute: the monthly credits of enrolled accounts, one grant for each (account, plan, period).
import type { Database, Queryable } from "../db/database.ts";
import { runBatches, type BudgetInput } from "./batches.ts";
import { callFunction, target, type WriteOptions } from "./context.ts";
import { checkAccount, invalid, type AccountInput } from "./input.ts";

/** What distribution needs of a plan. */
export interface PlanTerms {
  readonly id: string;
  /** Credits of one month. */
  readonly credits: number;
  readonly validDays: number | null;
}

export interface DistributeResult {
  /** Grants made. */
  readonly count: number;
  readonly credits: number;
  /** Enrolments with a due period that was not granted: the time was over, or the account was busy. */
  readonly remaining: number;
  /** Plans that enrolments name and the catalog does not: nothing is granted for them. */
  readonly unknownPlans: readonly string[];
}

/**
 * Grants every due period of every enrolled account, one transaction a batch, missed periods included. Safe when called
 * twice at once, late, or stopped at any point: a period is granted once.
 */
export async function distributeCredits(
  database: Database,
  plans: readonly PlanTerms[],
  budget: BudgetInput = {},
): Promise<DistributeResult> {
  const terms = planTerms(plans);
  const batches = await runBatches(
    budget,
    async (batchSize) => grantDuePeriods(database, terms, batchSize),
    ({ granted }) => granted === 0,
  );
  const due = await callFunction<{ remaining: number; unknownPlans: string[] }>(database, "due_enrolments", {
    p_plans: terms,
  });
  return {
    count: batches.reduce((sum, { granted }) => sum + granted, 0),
    credits: batches.reduce((sum, { credits }) => sum + credits, 0),
    remaining: due.remaining,
    unknownPlans: due.unknownPlans,
  };
}

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
  return options?.tx === undefined ? database.transaction(work) : work(target(database, options));
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

/** Ends what hangs on a source: credits granted stay, no further period is granted. */
export async function endEnrolments(tx: Queryable, source: string): Promise<void> {
  await callFunction(tx, "end_enrolments", { p_source: source });
}

async function enrolAndGrant(
  tx: Queryable,
  plans: readonly PlanTerms[],
  parameters: Record<string, unknown>,
): Promise<EnrolResult> {
  const enrolled = await callFunction<EnrolResult & { accountId: string }>(tx, "enrol_account", parameters);
  if (enrolled.created) {
    // Under the account's lock, which this transaction holds. Each call grants one period; older ones of other
    // enrolments may come first, so it goes on until nothing is due.
    const terms = planTerms(plans);
    while ((await grantDuePeriods(tx, terms, 1, enrolled.accountId)).granted > 0);
  }
  return { enrolmentId: enrolled.enrolmentId, created: enrolled.created };
}

async function grantDuePeriods(
  queryable: Queryable,
  terms: string,
  batchSize: number,
  accountId?: string,
): Promise<{ granted: number; credits: number }> {
  return callFunction(queryable, "distribute_credits", { p_plans: terms, p_batch: batchSize, p_account_id: accountId });
}

function planTerms(plans: readonly PlanTerms[]): string {
  return JSON.stringify(plans.map(({ id, credits, validDays }) => ({ planId: id, credits, validDays })));
}
