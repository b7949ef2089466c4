// Spend limits of an account or of its members, by calendar day, week or month: what counts is derived from the journal.
import { wallClock } from "../calendar.ts";
import { sum, type Limit, type State } from "./state.ts";

export type LimitRequest = Pick<Limit, "member" | "period"> & {
  readonly amount: number | null;
  /** Null: as before, or the account's. */
  readonly timeZone: string | null;
};

/** The first day of the period that a moment falls in. */
export function periodOf({ period, timeZone }: Pick<Limit, "period" | "timeZone">, moment: number): string {
  const day = new Date(wallClock(moment, timeZone));
  if (period === "month") day.setUTCDate(1);
  // Weeks begin on Monday.
  if (period === "week") day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}

export interface Spending {
  readonly at: number;
  readonly amount: number;
}

/** Debits less what was refunded of them, and open holds. */
export function spendings(state: State, limit: Limit): Spending[] {
  const concerns = (row: { readonly account: string; readonly member: string | null }): boolean =>
    row.account === limit.account && (limit.member === null || limit.member === row.member);
  const debits = state.entries
    .filter((entry) => entry.type === "usage" && concerns(entry))
    .map(({ id, at, amount }) => ({ at, amount: -amount - refundedOf(state, id) }));
  const holds = state.holds
    .filter((hold) => hold.status === "open" && concerns(hold))
    .map(({ at, amount }) => ({ at, amount }));
  return [...debits, ...holds];
}

export function refundedOf(state: State, debit: string): number {
  return sum(
    state.entries
      .filter(({ refundOf, type }) => refundOf === debit && (type === "refund" || type === "reinstate"))
      .map(({ amount }) => amount),
  );
}

/** What a limit counts in each period. */
export function counters(state: State, limit: Limit): Map<string, number> {
  const counted = new Map<string, number>();
  for (const { at, amount } of spendings(state, limit)) {
    const period = periodOf(limit, at);
    if (period < limit.since) continue;
    counted.set(period, (counted.get(period) ?? 0) + amount);
  }
  return counted;
}

/** Whether a spending now would pass a limit. */
export function exceedsLimit(state: State, account: string, member: string | null, amount: number): boolean {
  return state.limits
    .filter((limit) => limit.account === account && (limit.member === null || limit.member === member))
    .some((limit) => (counters(state, limit).get(periodOf(limit, state.now)) ?? 0) + amount > limit.amount);
}
