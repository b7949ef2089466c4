// Turns what a driver throws into the library's codes, where a code tells the caller more than a stack would.
import { isTallystickError, TallystickError } from "../kernel/errors.ts";

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const FEATURE_NOT_SUPPORTED = "0A000";
const QUERY_CANCELED = "57014";
const LOCK_NOT_AVAILABLE = "55P03";
const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";
const UNDEFINED_TABLE = "42P01";
const UNDEFINED_FUNCTION = "42883";
const INVALID_SCHEMA = "3F000";
const CHARACTER_NOT_IN_REPERTOIRE = "22021";
const UNTRANSLATABLE_CHARACTER = "22P05";
const STATEMENT_TOO_COMPLEX = "54001";
// Classes: 08 connection exception, 53 insufficient resources, 57P admin shutdown, crash, cannot connect now; and 25006, a
// server that only reads, as one does that a failover has left.
const unavailable = /^(08|53|57P|25006)/;
const connectionErrors = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "ENOENT"]);

/** Wraps a driver's error; errors that carry a code already, and those without a better name, pass unchanged. */
export function databaseError(cause: unknown): unknown {
  if (isTallystickError(cause)) return cause;
  const driverError = unwrap(cause);
  const code = typeof driverError === "object" && driverError !== null ? Reflect.get(driverError, "code") : undefined;
  const message = driverError instanceof Error ? driverError.message : "";
  if (code === LOCK_NOT_AVAILABLE) {
    return new TallystickError("lock_timeout", "A row was locked for too long; try again.", { cause });
  }
  if (code === FEATURE_NOT_SUPPORTED && message.startsWith("tallystick: ")) {
    return new TallystickError("invalid_state", message.slice("tallystick: ".length), { cause });
  }
  if (code === QUERY_CANCELED) {
    return new TallystickError("lock_timeout", "The statement took too long and was cancelled; try again.", { cause });
  }
  if (code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED) {
    return new TallystickError("transaction_conflict", "The transaction ran into another one; try it again.", {
      cause,
    });
  }
  if (code === UNDEFINED_TABLE || code === UNDEFINED_FUNCTION || code === INVALID_SCHEMA) {
    if (message.includes("tallystick")) {
      return new TallystickError("not_migrated", "The database is not migrated; run `tallystick migrate`.", { cause });
    }
  }
  if (code === CHARACTER_NOT_IN_REPERTOIRE || code === UNTRANSLATABLE_CHARACTER) {
    return new TallystickError("invalid_request", "Text may not contain the character U+0000.", { cause });
  }
  if (code === STATEMENT_TOO_COMPLEX && message.includes("stack depth")) {
    return new TallystickError("invalid_request", "The JSON is nested deeper than Postgres can read.", { cause });
  }
  if (
    (typeof code === "string" && (unavailable.test(code) || connectionErrors.has(code))) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout/.test(
      message,
    )
  ) {
    return new TallystickError(
      "storage_unavailable",
      "The database did not answer; repeat the call, with its idempotency key where it has one.",
      { cause },
    );
  }
  return cause;
}

/** The five characters of Postgres' error, whoever wrapped it. */
export function sqlState(error: unknown): unknown {
  const driverError = unwrap(error);
  return driverError instanceof Error ? Reflect.get(driverError, "code") : undefined;
}

// Drizzle wraps the driver's error as `cause`.
function unwrap(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined && !("code" in error) ? error.cause : error;
}
