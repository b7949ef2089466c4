// Readers of untrusted JSON: each answers the value when it has the expected type, and null (or an empty thing) when
// it has not, so that no payload, however malformed, can throw a TypeError or pass a wrong type on.
import { TallystickError } from "../../../kernel/errors.ts";

export type Json = Readonly<Record<string, unknown>>;

const none: Json = Object.freeze({});
// The largest time that a Date can hold.
const MAX_UNIX_SECONDS = 8_640_000_000_000;

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object, or an empty one. */
export function record(value: unknown): Json {
  return isRecord(value) ? value : none;
}

/** The data of a Stripe list. */
export function listed(value: unknown): readonly Json[] {
  const { data } = record(value);
  return Array.isArray(data) ? data.map(record) : [];
}

/** A string that is not empty. */
export function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A whole number; Stripe's amounts and times are never anything else. */
export function integer(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
}

/** The id of a reference, which Stripe sends as a string, or as the whole object where it was expanded. */
export function idOf(value: unknown): string | null {
  return text(value) ?? text(record(value).id);
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
