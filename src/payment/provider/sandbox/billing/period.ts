// Billing periods: counted from the anchor, so that the 31st comes back after a short month.
import type { Recurring } from "../store/document.ts";

const DAY_S = 86_400;

/** Where a whole number of intervals after the anchor lies. */
export function boundary(anchor: number, { interval, interval_count: each }: Recurring, count: number): number {
  const intervals = count * each;
  if (interval === "day") return anchor + intervals * DAY_S;
  if (interval === "week") return anchor + intervals * 7 * DAY_S;
  return addMonths(anchor, interval === "year" ? intervals * 12 : intervals);
}

/** The end of the period that holds this moment. */
export function periodEnd(anchor: number, recurring: Recurring, moment: number): number {
  const length = boundary(anchor, recurring, 1) - anchor;
  // Months differ in length: begin two before the guess.
  let count = Math.max(0, Math.floor((moment - anchor) / length) - 2);
  while (boundary(anchor, recurring, count) <= moment) count += 1;
  return boundary(anchor, recurring, count);
}

function addMonths(time: number, months: number): number {
  const from = new Date(time * 1000);
  const first = new Date(from);
  first.setUTCDate(1);
  first.setUTCMonth(first.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return Math.floor(first.getTime() / 1000);
}
