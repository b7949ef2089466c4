// What changes under a running enrolment: its plan, and the account's time zone.
import type { Database, Queryable } from "../db/database.ts";
import { callFunction, refuse, write, type StoredOutcome, type WriteOptions } from "./context.ts";
import { checkChoice, enrolmentOf, type Enrolment, type StoredEnrolment } from "./enrolment.ts";
import { checkAccount, checkOptionalText, invalid, type AccountInput } from "./input.ts";
import { planTerms, type PlanTerms } from "./plan-terms.ts";

export interface ChangePlanInput extends AccountInput {
  readonly from: string;
  readonly to: string;
  /** The enrolment's source, such as a subscription, where several stand on one plan. */
  readonly source?: string | undefined;
  /**
   * What the running period gets now. difference (default): so much that it has given what the new plan gives, never
   * negative, so that a downgrade takes effect with the next period. full: the whole of the new plan. next_period: nothing.
   */
  readonly grant?: "difference" | "full" | "next_period" | undefined;
  /** keep (default): periods begin as before. now: a period of the new plan begins now. */
  readonly anchor?: "keep" | "now" | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface ChangePlanResult {
  /** The enrolment that continues the old one, which has ended. */
  readonly enrolment: Enrolment;
  /** Credits granted now. */
  readonly granted: number;
  readonly replayed: boolean;
}

/**
 * Changes the plan of a running enrolment in one transaction: periods of the old plan that are due are granted first, the
 * old enrolment ends, a new one continues its payment, term and source. No period is given twice, also when a plan is
 * changed and changed back.
 * @throws invalid_request, invalid_state when the account is not enrolled in `from` or is in `to`, or when `full` would
 * give the running period one plan twice; idempotency_conflict, balance_limit, lock_timeout
 */
export async function changePlan(
  database: Database,
  plans: readonly PlanTerms[],
  input: ChangePlanInput,
  options?: WriteOptions,
): Promise<ChangePlanResult> {
  checkAccount(input);
  checkOptionalText("from", input.from, 255);
  checkOptionalText("source", input.source, 1000);
  checkOptionalText("idempotencyKey", input.idempotencyKey, 255);
  checkChoice("grant", input.grant, ["difference", "full", "next_period"]);
  checkChoice("anchor", input.anchor, ["keep", "now"]);
  if (!plans.some(({ id }) => id === input.to)) throw invalid(`the catalog has no plan ${input.to}.`);
  if (input.from === input.to) throw invalid("from and to must be two plans.");
  if (input.grant === "next_period" && input.anchor === "now") {
    throw invalid(
      'a plan that begins with the next period keeps its anchor: grant "next_period" and anchor "now" exclude each other.',
    );
  }
  const result = await write<StoredOutcome & { enrolment: StoredEnrolment; granted: number; replayed: boolean }>(
    database,
    options,
    "change_plan",
    {
      p_user_id: input.userId,
      p_unit: input.unit,
      p_from: input.from,
      p_to: input.to,
      p_plans: planTerms(plans),
      p_source: input.source,
      p_grant: input.grant,
      p_anchor: input.anchor,
      p_idempotency_key: input.idempotencyKey,
    },
  );
  return { enrolment: enrolmentOf(result.enrolment), granted: result.granted, replayed: result.replayed };
}

/**
 * Takes the locks of the payments that a source's enrolments were paid with, and answers whether there are enrolments that
 * have not been ended. A change of plan needs the locks, and they come before any account's: whoever grants for the source
 * first, and changes its plan then, begins with this.
 */
export async function lockPaymentsOf(tx: Queryable, source: string): Promise<boolean> {
  const payments = await tx.query(
    `select case when payment_id is not null then tallystick.lock_payment(payment_id) end from (
       select distinct payment_id from tallystick.credit_enrolment
       where source = $1 and ended_at is null order by payment_id) paid`,
    [source],
  );
  return payments.length > 0;
}

/**
 * Changes whatever runs on a source, such as a subscription, to its plan and quantity of now, within a transaction that is open. The
 * running period gets the difference, as `changePlan` gives it. What is paused stays as it is until it goes on.
 */
export async function followPlan(
  tx: Queryable,
  plans: readonly PlanTerms[],
  { source, planId, quantity }: { readonly source: string; readonly planId: string; readonly quantity: number },
): Promise<void> {
  const others = await tx.query<{ userId: string; unit: string; planId: string }>(
    `select distinct account.user_id as "userId", account.unit, e.plan_id as "planId"
     from tallystick.credit_enrolment e join tallystick.user_credit account on account.id = e.account_id
     where e.source = $1 and (e.plan_id <> $2 or e.quantity <> $3) and e.ended_at is null and e.paused_at is null
       and (e.next_due_at is not null or e.period_ends_at > tallystick.clock())
     order by 1, 2, 3`,
    [source, planId, quantity],
  );
  for (const other of others) {
    const changed = await callFunction<StoredOutcome>(tx, "change_plan", {
      p_user_id: other.userId,
      p_unit: other.unit,
      p_from: other.planId,
      p_to: planId,
      p_plans: planTerms(plans),
      p_source: source,
      p_quantity: quantity,
    });
    if (changed.outcome !== "ok") refuse(changed);
  }
}

export interface TimeZoneInput extends AccountInput {
  /** A name of the IANA time zone database, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

/**
 * Sets the zone in which an account's periods begin, from the period after the running one on: the running period keeps
 * its end, and enrolments keep their anchor's day and hour, so that no period is granted twice or skipped. Creates the
 * account at its first write.
 * @throws invalid_request when the database knows no such zone; lock_timeout
 */
export async function setTimeZone(database: Database, input: TimeZoneInput, options?: WriteOptions): Promise<void> {
  checkAccount(input);
  checkOptionalText("timeZone", input.timeZone, 255);
  await write<StoredOutcome>(database, options, "set_time_zone", {
    p_user_id: input.userId,
    p_unit: input.unit,
    p_time_zone: input.timeZone,
  });
}
