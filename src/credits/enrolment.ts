// Enrolments as they stand, and what ends, pauses and resumes them. Credits that were granted stay in every case.
import type { Database, Queryable } from "../db/database.ts";
import { callFunction, inTransaction, refuse, target, type WriteOptions } from "./context.ts";
import { distributeAccount } from "./enrol.ts";
import { checkAccount, invalid, type AccountInput } from "./input.ts";
import type { PlanTerms } from "./plan-terms.ts";

export interface Enrolment {
  readonly id: string;
  readonly planId: string;
  readonly type: "monthly_refresh" | "subscription_renewal" | "lifetime_monthly";
  readonly quantity: number;
  /** completed: every period of a limited term has been granted. */
  readonly status: "active" | "paused" | "completed" | "ended";
  readonly anchorAt: Date;
  readonly periodsGranted: number;
  /** Months of the term; null: without end. */
  readonly periodCount: number | null;
  /** When the period granted last ends; null before the first. */
  readonly periodEndsAt: Date | null;
  /** When the next period is granted; null: none will be, as it stands. */
  readonly nextDueAt: Date | null;
  readonly pausedAt: Date | null;
  readonly endedAt: Date | null;
  readonly createdAt: Date;
  /** What it hangs on, such as a subscription. */
  readonly source: string | null;
  /** The enrolment that it goes on with: the term before, or the plan before a change. */
  readonly continuesId: string | null;
}

export type StoredEnrolment = {
  readonly [Key in keyof Enrolment]: Enrolment[Key] extends Date | null ? string : Enrolment[Key];
};

/** Every enrolment of an account, the newest first; none for an account that does not exist. */
export async function enrolments(database: Database, input: AccountInput): Promise<readonly Enrolment[]> {
  checkAccount(input);
  const stored = await callFunction<readonly StoredEnrolment[]>(database, "enrolments_of", {
    p_user_id: input.userId,
    p_unit: input.unit,
  });
  return stored.map(enrolmentOf);
}

export interface EnrolmentInput {
  readonly enrolmentId: string;
}

export interface EndEnrolmentInput extends EnrolmentInput {
  /** now: no further period. term_end: a paid term goes on to its last period; one without end has none after this. */
  readonly when?: "now" | "term_end" | undefined;
}

/** Ends an enrolment; ending it again changes nothing. @throws not_found, invalid_request, lock_timeout */
export async function endEnrolment(
  database: Database,
  input: EndEnrolmentInput,
  options?: WriteOptions,
): Promise<Enrolment> {
  checkChoice("when", input.when, ["now", "term_end"]);
  return act(target(database, options), "end_enrolments", input, { p_when: input.when });
}

/** Pauses: nothing is granted until it is resumed. @throws not_found, invalid_state when it has ended, lock_timeout */
export async function pauseEnrolment(
  database: Database,
  input: EnrolmentInput,
  options?: WriteOptions,
): Promise<Enrolment> {
  return act(target(database, options), "pause_enrolments", input, {});
}

export interface ResumeEnrolmentInput extends EnrolmentInput {
  /** Of the periods that began during the pause: `current` (default) grants the one running now, `all` every one. */
  readonly missed?: "current" | "all" | undefined;
}

/**
 * Resumes a paused enrolment and grants what is due, in one transaction; a period is granted once however often it is
 * paused and resumed.
 * @throws not_found, invalid_state when it has ended, lock_timeout
 */
export async function resumeEnrolment(
  database: Database,
  plans: readonly PlanTerms[],
  input: ResumeEnrolmentInput,
  options?: WriteOptions,
): Promise<Enrolment> {
  checkChoice("missed", input.missed, ["current", "all"]);
  const work = async (tx: Queryable): Promise<Enrolment> => {
    await resume(tx, plans, { p_enrolment_id: idOf(input), p_missed: input.missed });
    // Once more, for what the grants have moved; resuming what is not paused changes nothing.
    return act(tx, "resume_enrolments", input, {});
  };
  return inTransaction(database, options, work);
}

/** Ends what hangs on a source, or only its terms of more than so many periods: no further period is granted. */
export async function endEnrolments(tx: Queryable, source: string, longerThan?: number): Promise<void> {
  await callFunction(tx, "end_enrolments", { p_source: source, p_longer_than: longerThan ?? null });
}

/** Ends the terms of a source in whose place one stands that begins at that time, before their end. */
export async function endSupersededTerms(tx: Queryable, source: string, beginsAt: Date): Promise<void> {
  await tx.query("select tallystick.end_superseded_terms($1, $2)", [source, beginsAt]);
}

/** Pauses what hangs on a source. */
export async function pauseEnrolments(tx: Queryable, source: string): Promise<void> {
  await callFunction(tx, "pause_enrolments", { p_source: source });
}

/** Resumes what hangs on a source, and grants every period that began meanwhile: its term is paid for. */
export async function resumeEnrolments(tx: Queryable, plans: readonly PlanTerms[], source: string): Promise<void> {
  await resume(tx, plans, { p_source: source, p_missed: "all" });
}

export function enrolmentOf(stored: StoredEnrolment): Enrolment {
  const time = (text: string | null): Date | null => (text === null ? null : new Date(text));
  return {
    ...stored,
    anchorAt: new Date(stored.anchorAt),
    periodEndsAt: time(stored.periodEndsAt),
    nextDueAt: time(stored.nextDueAt),
    pausedAt: time(stored.pausedAt),
    endedAt: time(stored.endedAt),
    createdAt: new Date(stored.createdAt),
  };
}

interface Outcome {
  readonly outcome: string;
  readonly changed: number;
  readonly enrolment: StoredEnrolment;
  readonly accountIds?: readonly string[];
}

async function resume(tx: Queryable, plans: readonly PlanTerms[], parameters: Record<string, unknown>): Promise<void> {
  const { outcome, changed, accountIds = [] } = await callFunction<Outcome>(tx, "resume_enrolments", parameters);
  if (outcome !== "ok" || changed === 0) return;
  for (const accountId of accountIds) await distributeAccount(tx, plans, accountId);
}

async function act(
  queryable: Queryable,
  name: string,
  input: EnrolmentInput,
  parameters: Record<string, unknown>,
): Promise<Enrolment> {
  const result = await callFunction<Outcome>(queryable, name, { p_enrolment_id: idOf(input), ...parameters });
  if (result.outcome !== "ok") refuse(result);
  return enrolmentOf(result.enrolment);
}

function idOf({ enrolmentId }: EnrolmentInput): string {
  if (!/^\d{1,18}$/.test(enrolmentId)) refuse({ outcome: "not_found", message: "There is no such enrolment." });
  return enrolmentId;
}

export function checkChoice(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value !== undefined && !choices.includes(value)) throw invalid(`${name} must be one of ${choices.join(", ")}.`);
}
