// refund: gives a debit back, in whole or in part.
import type { Database } from "../db/database.ts";
import { write, type StoredOutcome, type WriteOptions } from "./context.ts";
import { checkAccount, checkAmount, checkId, checkOptionalText, invalid, metadataText } from "./input.ts";

export type RefundInput = {
  /** Credits to give back; undefined: all that is left of the debit. */
  readonly amount?: number | undefined;
  /** What is given back lives for these hours at least, so that a failed job's refund is usable; default 24. */
  readonly graceHours?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly actor?: string | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
} & (
  | { readonly transactionId: string }
  /** The key under which the debit was consumed, adjusted or captured, and its account. */
  | { readonly userId: string; readonly unit?: string | undefined; readonly debitKey: string }
);

export interface RefundResult {
  /** The first entry of the refund; a debit that drew on several lots is given back by several. */
  readonly transactionId: string;
  readonly refunded: number;
  readonly balance: number;
  readonly available: number;
  /** True when the key had been used before with the same parameters: nothing was given back now. */
  readonly replayed: boolean;
}

/**
 * Gives a usage or a negative adjustment back to the lots' successors, newest draw first: the same priority, scope and
 * payment, and an expiry that is no earlier. Never more than was taken, however many refunds are made at once. Debt is
 * paid first from what comes back. One transaction.
 * @throws not_found; invalid_state when the entry is of another type or less is left; invalid_request,
 * idempotency_conflict, lock_timeout
 */
export async function refund(database: Database, input: RefundInput, options?: WriteOptions): Promise<RefundResult> {
  if ("transactionId" in input) checkId("transaction", input.transactionId);
  else {
    checkAccount(input);
    checkOptionalText("debitKey", input.debitKey, 255);
  }
  if (input.amount !== undefined) checkAmount(input.amount);
  const { graceHours } = input;
  if (graceHours !== undefined && !(graceHours >= 0 && graceHours <= 87_600)) {
    throw invalid("graceHours must be a number from 0 to 87,600.");
  }
  checkOptionalText("idempotencyKey", input.idempotencyKey, 255);
  checkOptionalText("actor", input.actor, 255);
  checkOptionalText("description", input.description, 1000);
  const stored = await write<StoredOutcome & RefundResult>(database, options, "refund_debit", {
    ...("transactionId" in input
      ? { p_transaction_id: input.transactionId }
      : { p_user_id: input.userId, p_unit: input.unit, p_debit_key: input.debitKey }),
    p_amount: input.amount,
    p_grace_seconds: graceHours === undefined ? undefined : Math.round(graceHours * 3600),
    p_idempotency_key: input.idempotencyKey,
    p_actor: input.actor,
    p_description: input.description,
    p_metadata: metadataText(input.metadata),
  });
  const { transactionId, refunded, balance, available, replayed } = stored;
  return { transactionId, refunded, balance, available, replayed };
}
