// What the views on the ledger check of their input: pages, ranges of time, zones.
import { checkTime, invalid } from "../input.ts";

/** Answers the page size. @throws invalid_request */
export function checkedLimit(limit: number | undefined, max = 100): number {
  const size = limit ?? 20;
  if (!Number.isInteger(size) || size < 1 || size > max)
    throw invalid(`limit must be a whole number from 1 to ${max}.`);
  return size;
}

/** One user's account, or all. */
export interface Scope {
  readonly userId?: string | undefined;
  /** What is counted. */
  readonly unit?: string | undefined;
}

export interface TimeRange {
  /** The first moment; undefined: from the beginning. */
  readonly from?: Date | undefined;
  /** The first moment that is no longer part; undefined: to the end. */
  readonly to?: Date | undefined;
}

export function checkRange({ from, to }: TimeRange): void {
  checkTime("from", from);
  checkTime("to", to);
  if (from !== undefined && to !== undefined && from >= to) throw invalid("from must be earlier than to.");
}

// An offset such as +01:00 would be read by Postgres with the opposite sign, so that only names are taken.
const zoneName = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;

/** @throws invalid_request unless it is the name of a zone that is known */
export function checkTimeZone(zone: string | undefined): void {
  if (zone === undefined) return;
  try {
    if (!zoneName.test(zone)) throw new RangeError(zone);
    new Intl.DateTimeFormat("en", { timeZone: zone }).format();
  } catch {
    throw invalid("timeZone must be the name of an IANA zone, such as Europe/Berlin.");
  }
}

/** The id of a row as callers write it. @throws invalid_request */
export function checkId(name: string, id: string | undefined): void {
  if (id !== undefined && !/^\d{1,15}$/.test(id)) throw invalid(`${name} must be an id: digits.`);
}
