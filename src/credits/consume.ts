// consume: burns credits now, first-expiring lots first.
import type { Database } from "../db/database.ts";
import { write, type StoredOutcome, type WriteOptions } from "./context.ts";
import { checkAccount, checkAmount, checkOptionalText, metadataText, type AccountInput } from "./input.ts";

export interface ConsumeInput extends AccountInput {
  /** Credits: a whole number, 1 to 2^53-1. */
  readonly amount: number;
  /** The feature that spends: it may also use lots that are kept for it, and uses those first. */
  readonly feature?: string | undefined;
  /** Who of a shared account spends; counted by the member's own limits too. */
  readonly member?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

export interface Allocation {
  readonly lotId: string;
  readonly amount: number;
}

export interface ConsumeResult {
  readonly transactionId: string;
  readonly balance: number;
  readonly available: number;
  /** Which lots paid, in burn order. */
  readonly allocations: readonly Allocation[];
  /** True when the key had been used before with the same parameters: nothing was spent now. */
  readonly replayed: boolean;
}

/**
 * Consumes credits in one statement and one database call: all of the amount or nothing. Concurrent calls on one account
 * take turns at its row, so together they never spend more than there is. With an idempotency key the same consumption
 * happens once, and a repeat answers what the first answered; a refusal is not stored, so the same key may succeed later.
 * @throws insufficient_credits, spend_limit_exceeded, invalid_request, idempotency_conflict, account_frozen, lock_timeout
 */
export async function consume(database: Database, input: ConsumeInput, options?: WriteOptions): Promise<ConsumeResult> {
  checkConsume(input);
  const result = await write<StoredOutcome & ConsumeResult>(database, options, "consume_credits", [
    input.userId,
    input.amount,
    input.unit ?? "credit",
    input.feature,
    input.member,
    input.idempotencyKey,
    input.description,
    metadataText(input.metadata),
    null, // an operation of its own
  ]);
  const { transactionId, balance, available, allocations, replayed } = result;
  return { transactionId, balance, available, allocations, replayed };
}

/** @throws invalid_request */
export function checkConsume(input: ConsumeInput): void {
  checkAccount(input);
  checkAmount(input.amount);
  checkOptionalText("feature", input.feature, 255);
  checkOptionalText("member", input.member, 255);
  checkOptionalText("idempotencyKey", input.idempotencyKey, 255);
  checkOptionalText("description", input.description, 1000);
}
