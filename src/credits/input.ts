// Checks of what callers give, before anything reaches the database. The functions in SQL check again what they must.
import { assertAmount } from "../kernel/amount.ts";
import { isTallystickError, TallystickError } from "../kernel/errors.ts";

/** Names an account: the product's user id, opaque here, and the unit counted. */
export interface AccountInput {
  readonly userId: string;
  /** What is counted; default `credit`. */
  readonly unit?: string | undefined;
}

export const creditTypes = [
  "register_gift",
  "monthly_refresh",
  "subscription_renewal",
  "lifetime_monthly",
  "purchase_package",
  "rollover",
  "adjustment",
  "usage",
  "expire",
  "refund",
  "clawback",
  "reinstate",
  "transfer_in",
  "transfer_out",
] as const;
export type CreditType = (typeof creditTypes)[number];

/** Types that a caller may grant; the others are written by the ledger itself. */
export const grantTypes = [
  "register_gift",
  "monthly_refresh",
  "subscription_renewal",
  "lifetime_monthly",
  "purchase_package",
  "adjustment",
] as const;
export type GrantType = (typeof grantTypes)[number];

export function checkAccount({ userId, unit }: AccountInput): void {
  checkText("userId", userId, 255);
  if (unit !== undefined && !(typeof unit === "string" && /^[a-z][a-z0-9_]{0,31}$/.test(unit))) {
    throw invalid("unit must be lower case letters, digits and _, at most 32, beginning with a letter.");
  }
}

export function checkAmount(amount: unknown): void {
  assertAmount(amount);
}

export function checkGrantType(type: string): void {
  if (!(grantTypes as readonly string[]).includes(type)) {
    throw invalid(`type must be one of ${grantTypes.join(", ")}.`);
  }
}

/** Checks a text that may be absent. */
export function checkOptionalText(name: string, value: string | undefined, maxLength: number): void {
  if (value !== undefined) checkText(name, value, maxLength);
}

function checkText(name: string, value: unknown, maxLength: number): void {
  if (typeof value !== "string" || value.length < 1 || value.length > maxLength) {
    throw invalid(`${name} must be a text of 1 to ${maxLength} characters.`);
  }
  checkStorable(name, value);
}

// Postgres refuses U+0000; half a surrogate pair would be stored as U+FFFD, so that two texts became one.
function checkStorable(name: string, value: string): void {
  if (/[\0\p{Surrogate}]/u.test(value)) {
    throw invalid(`${name} may not contain the character U+0000 or half of a surrogate pair.`);
  }
}

/** The JSON text of metadata. @throws invalid_request when it has no JSON text, or one that Postgres can't store */
export function metadataText(metadata: Readonly<Record<string, unknown>> | undefined): string | undefined {
  if (metadata === undefined) return undefined;
  try {
    return JSON.stringify(metadata, (name, value: unknown) => {
      checkStorable("metadata", name);
      if (typeof value === "string") checkStorable("metadata", value);
      return value;
    });
  } catch (error) {
    // A cycle or a bigint.
    throw isTallystickError(error) ? error : invalid("metadata must be plain JSON.");
  }
}

export function checkPriority(priority: number | undefined): void {
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 1000)) {
    throw invalid("priority must be a whole number from 0 to 1000.");
  }
}

export function checkScope(scope: readonly string[] | undefined): void {
  if (scope === undefined) return;
  if (!Array.isArray(scope) || scope.length === 0 || scope.length > 100) {
    throw invalid("scope must name 1 to 100 features.");
  }
  for (const feature of scope) checkText("a feature of the scope", feature, 255);
}

/** Checks a text that must be there. */
export function checkRequiredText(name: string, value: string, maxLength: number): void {
  checkText(name, value, maxLength);
}

/** Checks an id that this library gave out. @throws not_found when it can't be one */
export function checkId(what: string, id: string): void {
  if (typeof id !== "string" || !/^[1-9]\d{0,17}$/.test(id)) {
    throw new TallystickError("not_found", `There is no ${what} ${JSON.stringify(id)?.slice(0, 50)}.`);
  }
}

const YEAR_1 = Date.parse("0001-01-01T00:00:00Z");
const YEAR_10000 = Date.parse("+010000-01-01T00:00:00Z");

export function checkTime(name: string, value: Date | undefined): void {
  if (value === undefined) return;
  // What Postgres and JavaScript write the same way.
  if (!(value instanceof Date && value.getTime() >= YEAR_1 && value.getTime() < YEAR_10000)) {
    throw invalid(`${name} must be a valid Date of the years 1 to 9999.`);
  }
}

export function invalid(message: string): TallystickError {
  return new TallystickError("invalid_request", message);
}
