// Readers of what only Stripe's JSON has: lists, references that may be expanded, times in seconds.
import { TallystickError } from "../../../kernel/errors.ts";
import { integer, record, records, text, type Json } from "../json.ts";

export { integer, isRecord, record, text, type Json } from "../json.ts";

// The largest time that a Date can hold.
const MAX_UNIX_SECONDS = 8_640_000_000_000;

/** The data of a Stripe list. */
export function listed(value: unknown): readonly Json[] {
  return records(record(value).data);
}

/** The id of a reference, which Stripe sends as a string, or as the whole object where it was expanded. */
export function idOf(value: unknown): string | null {
  return text(value) ?? text(record(value).id);
}

/** The ids of references that are there. */
export function idsOf(...values: readonly unknown[]): readonly string[] {
  return values.flatMap((value) => idOf(value) ?? []);
}

/** A time in seconds since the epoch. */
export function time(value: unknown): Date | null {
  const seconds = integer(value);
  return seconds === null || Math.abs(seconds) > MAX_UNIX_SECONDS ? null : new Date(seconds * 1000);
}

/** The currency, in lower case; `xxx` is ISO 4217 for "no currency", as a session without a payment has none. */
export function currency(value: unknown): string {
  return text(value)?.toLowerCase() ?? "xxx";
}

/** The value, or an error that names what is missing. @throws invalid_request */
export function required<T>(value: T | null, name: string): T {
  if (value === null) throw new TallystickError("invalid_request", `Stripe's event has no valid ${name}.`);
  return value;
}

/** How many were bought: 1 where nothing is said. @throws invalid_request for what is no number of things */
export function quantity(value: unknown): number {
  if (value === undefined || value === null) return 1;
  return required(integer(value), "quantity");
}
