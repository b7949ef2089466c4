// What the ledger's operations share: where they run, and how a stored function's outcome becomes a result or an error.
import { joinTransaction, type Database, type Queryable, type TransactionSource } from "../db/database.ts";
import { inSpan } from "../kernel/telemetry.ts";
import { isTallystickError, TallystickError, type ErrorCode } from "../kernel/errors.ts";

/** Options of every writing call. */
export interface WriteOptions {
  /** The caller's transaction: the entry commits or rolls back with it. Without it the call is its own transaction. */
  readonly tx?: TransactionSource | undefined;
}

export function target(database: Database, options: WriteOptions | undefined): Queryable {
  return options?.tx === undefined ? database : joinTransaction(options.tx);
}

/** What every stored function of the ledger answers. */
export interface StoredOutcome {
  readonly outcome: string;
  readonly message?: string;
  readonly balance?: number;
  readonly available?: number;
}

/** Arguments by name, of which those that are undefined keep their defaults; or all of them, in their order. */
export type Parameters = Readonly<Record<string, unknown>> | readonly unknown[];

/** Calls a stored function of the ledger. By name is plain to read; in order spares the hot path the look-up of defaults. */
export async function callFunction<Result>(
  queryable: Queryable,
  name: string,
  parameters: Parameters,
): Promise<Result> {
  const [list, values] = argumentsOf(parameters);
  return inSpan(`ledger.${name}`, {}, async (note) => {
    const [row] = await queryable.query<{ result: Result }>(`select tallystick.${name}(${list}) as result`, values);
    if (row === undefined) throw new TallystickError("internal", `tallystick.${name} answered nothing`);
    const outcome = (row.result as { readonly outcome?: unknown } | null)?.outcome;
    if (typeof outcome === "string") note({ "tallystick.outcome": outcome });
    return row.result;
  });
}

function argumentsOf(parameters: Parameters): [list: string, values: readonly unknown[]] {
  if (isList(parameters)) {
    return [parameters.map((_value, index) => `$${index + 1}`).join(", "), parameters.map((value) => value ?? null)];
  }
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return [given.map(([name], index) => `${name} => $${index + 1}`).join(", "), given.map(([, value]) => value)];
}

function isList(parameters: Parameters): parameters is readonly unknown[] {
  return Array.isArray(parameters);
}

// A deadlock or a serialization failure rolled the whole statement back, so that doing it again does it once.
const ATTEMPTS = 5;

/**
 * Calls a stored function that writes, and throws what it refuses. Within the caller's transaction the caller retries a
 * conflict with another transaction; a call that is a transaction of its own is repeated here.
 * @throws by the outcome's code
 */
export async function write<Result extends StoredOutcome>(
  database: Database,
  options: WriteOptions | undefined,
  name: string,
  parameters: Parameters,
): Promise<Result> {
  const call = async (): Promise<Result> => callFunction<Result>(target(database, options), name, parameters);
  const result = options?.tx === undefined ? await repeatConflicts(call) : await call();
  if (result.outcome !== "ok") refuse(result);
  return result;
}

/** Work of several statements: in the caller's transaction, or in one of its own, repeated as `write` repeats. */
export async function inTransaction<Result>(
  database: Database,
  options: WriteOptions | undefined,
  work: (tx: Queryable) => Promise<Result>,
): Promise<Result> {
  if (options?.tx !== undefined) return work(target(database, options));
  return repeatConflicts(async () => database.transaction(work));
}

async function repeatConflicts<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const conflict = isTallystickError(error) && error.code === "transaction_conflict";
      if (!conflict || attempt === ATTEMPTS) throw error;
    }
  }
}

const refusals: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  insufficient_credits: { code: "insufficient_credits", message: "The account has too few credits available." },
  idempotency_conflict: {
    code: "idempotency_conflict",
    message: "This idempotency key was used with other parameters; use a new key for a new intent.",
  },
  account_frozen: {
    code: "account_frozen",
    message: "The account is frozen: it receives and expires, but can't spend.",
  },
  spend_limit_exceeded: { code: "spend_limit_exceeded", message: "A spend limit would be exceeded." },
  invalid_state: { code: "invalid_state", message: "The change does not fit the present state." },
  not_found: { code: "not_found", message: "There is no such thing." },
  balance_limit: { code: "balance_limit", message: "The balance would exceed 2^53-1 credits." },
  invalid_request: { code: "invalid_request", message: "The request is not valid." },
};

/** Throws the refusal that an outcome names. @throws by the outcome's code */
export function refuse(result: StoredOutcome): never {
  throw refusalError(result);
}

/** The error that an outcome names. */
export function refusalError(result: StoredOutcome): TallystickError {
  const refusal = refusals[result.outcome];
  if (refusal === undefined) return new TallystickError("internal", `unknown outcome ${result.outcome}`);
  const { outcome: _outcome, message = refusal.message, ...details } = result;
  return new TallystickError(refusal.code, message, { details });
}
