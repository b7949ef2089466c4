// Spend limits: how much an account, or one member of it, may spend in a day, week or month.
import type { Database } from "../db/database.ts";
import { callFunction, write, type WriteOptions } from "./context.ts";
import { checkAccount, checkOptionalText, invalid, type AccountInput } from "./input.ts";

export const limitPeriods = ["day", "week", "month"] as const;
export type LimitPeriod = (typeof limitPeriods)[number];

export interface SetLimitInput extends AccountInput {
  /** The member of a shared account that is limited; undefined: the account as a whole. */
  readonly member?: string | undefined;
  readonly period: LimitPeriod;
  /** Credits a period, from 0; null removes the limit. */
  readonly amount: number | null;
  /** Where days, weeks (from Monday) and months begin: an IANA name; undefined: as before, or the account's. */
  readonly timeZone?: string | undefined;
}

export interface SpendLimit {
  readonly member: string | null;
  readonly period: LimitPeriod;
  readonly amount: number;
  /** Usage of the present period and what is held in it, less refunds of its debits. */
  readonly spent: number;
  readonly timeZone: string;
  /** The period's first day, YYYY-MM-DD. */
  readonly periodStart: string;
  readonly resetsAt: Date;
}

/**
 * Sets, changes or removes a spend limit. Usage and holds that would exceed any limit that concerns them are refused, and
 * limits are exact however many spend at once: they are counted under the account's lock. A new limit counts what its
 * period has seen already.
 * @throws invalid_request, lock_timeout
 */
export async function setLimit(database: Database, input: SetLimitInput, options?: WriteOptions): Promise<void> {
  checkAccount(input);
  checkOptionalText("member", input.member, 255);
  checkOptionalText("timeZone", input.timeZone, 100);
  if (!(limitPeriods as readonly string[]).includes(input.period)) {
    throw invalid(`period must be one of ${limitPeriods.join(", ")}.`);
  }
  if (input.amount !== null && !(Number.isSafeInteger(input.amount) && input.amount >= 0)) {
    throw invalid("amount must be a whole number from 0 to 2^53-1, or null.");
  }
  await write(database, options, "set_spend_limit", {
    p_user_id: input.userId,
    p_unit: input.unit,
    p_member: input.member,
    p_period: input.period,
    p_amount: input.amount,
    p_time_zone: input.timeZone,
  });
}

/** Reads an account's limits with what their present period has seen. */
export async function limits(database: Database, input: AccountInput): Promise<readonly SpendLimit[]> {
  checkAccount(input);
  const stored = await callFunction<readonly (Omit<SpendLimit, "resetsAt"> & { readonly resetsAt: string })[]>(
    database,
    "spend_limits",
    { p_user_id: input.userId, p_unit: input.unit },
  );
  return stored.map(({ member, period, amount, spent, timeZone, periodStart, resetsAt }) => ({
    member,
    period,
    amount,
    spent,
    timeZone,
    periodStart,
    resetsAt: new Date(resetsAt),
  }));
}
