// The one table of error codes: HTTP status, whether trying again can help, and what the code means.
// Every error that leaves the library carries a code from here; docs and the REST API are made from this table.

export const errorCodes = {
  invalid_request: { status: 400, retryable: false, summary: "The input is not valid; nothing was changed." },
  invalid_signature: { status: 400, retryable: false, summary: "The webhook's signature does not verify." },
  unauthorized: { status: 401, retryable: false, summary: "Credentials are missing or wrong." },
  insufficient_credits: {
    status: 402,
    retryable: false,
    summary: "The account has fewer credits available than asked.",
  },
  not_found: { status: 404, retryable: false, summary: "There is no such thing." },
  idempotency_conflict: {
    status: 409,
    retryable: false,
    summary: "The idempotency key was used before with other parameters.",
  },
  payload_too_large: { status: 413, retryable: false, summary: "The request body exceeds the limit." },
  account_frozen: { status: 422, retryable: false, summary: "The account is frozen; it can't spend." },
  spend_limit_exceeded: {
    status: 422,
    retryable: false,
    summary: "The account or the member would spend more in the period than its limit allows.",
  },
  balance_limit: { status: 422, retryable: false, summary: "The balance would exceed 2^53-1." },
  invalid_state: { status: 422, retryable: false, summary: "The change does not fit the present state." },
  unmatched_account: {
    status: 422,
    retryable: true,
    summary: "A payment event names no user that can be found; map the customer and replay.",
  },
  unmatched_price: {
    status: 422,
    retryable: true,
    summary: "A payment event names a price that the catalog does not know; add it and replay.",
  },
  unmatched_payment: {
    status: 422,
    retryable: true,
    summary: "A refund or dispute is of a payment that is not known here; it is applied once the payment is told.",
  },
  provider_unavailable: { status: 503, retryable: true, summary: "The payment provider did not answer." },
  storage_unavailable: {
    status: 503,
    retryable: true,
    summary: "The database did not answer; unless the answer to a commit was lost, nothing was stored.",
  },
  lock_timeout: { status: 503, retryable: true, summary: "The account was locked for too long; nothing was changed." },
  transaction_conflict: {
    status: 503,
    retryable: true,
    summary: "The database could not order this transaction beside another; nothing was changed.",
  },
  overloaded: { status: 503, retryable: true, summary: "Too many calls wait already; nothing was changed." },
  driver_unavailable: {
    status: 503,
    retryable: true,
    summary: "The tasks' driver did not take its wakes; the tasks are stored and run by the next tick.",
  },
  not_migrated: { status: 503, retryable: true, summary: "The database has not been migrated." },
  internal: { status: 500, retryable: true, summary: "An unexpected error; nothing was changed." },
} as const;

export type ErrorCode = keyof typeof errorCodes;

// A registered symbol, because instanceof fails when a bundle holds two copies of the library.
const brand = Symbol.for("tallystick.error");

/** An error with a code from {@link errorCodes}. The message says what happened and what to do, without secrets. */
export class TallystickError extends Error {
  override readonly name = "TallystickError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get status(): number {
    return errorCodes[this.code].status;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }
}

/** Tells whether a thrown value is a {@link TallystickError}, also one from another copy of the library. */
export function isTallystickError(value: unknown): value is TallystickError {
  return typeof value === "object" && value !== null && brand in value;
}

/** The JSON body that the REST API answers for an error: `{ error: { code, message, … } }`. */
export function errorBody(error: TallystickError): {
  error: { code: ErrorCode; message: string; [key: string]: unknown };
} {
  return { error: { ...error.details, code: error.code, message: error.message } };
}
