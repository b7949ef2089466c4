// Answers: JSON, never cached, errors in one shape.
import { databaseError } from "../db/database-error.ts";
import { errorBody, isTallystickError, TallystickError } from "../kernel/errors.ts";
import { redact, type Logger } from "../kernel/logger.ts";

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });
}

/** An error with a code as it is; anything else is logged in full and answered as internal, without its text. */
export function toTallystickError(cause: unknown, logger: Logger): TallystickError {
  const error = databaseError(cause);
  if (isTallystickError(error)) return error;
  logger.error(
    { error: redact(error instanceof Error ? (error.stack ?? error.message) : String(error)) },
    "a request failed",
  );
  return new TallystickError("internal", "An unexpected error; nothing was changed. Try again.", { cause });
}

export function errorResponse(cause: unknown, logger: Logger): Response {
  const error = toTallystickError(cause, logger);
  return json(errorBody(error), error.status, error.status === 503 ? { "retry-after": "1" } : {});
}
