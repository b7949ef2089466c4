// adjust: a person's correction, with who and why.
import type { Database } from "../db/database.ts";
import { write, type StoredOutcome, type WriteOptions } from "./context.ts";
import { grant, type GrantInput, type GrantResult } from "./grant.ts";
import { checkAccount, checkAmount, checkOptionalText, checkRequiredText, invalid, metadataText } from "./input.ts";

export interface AdjustInput extends Omit<GrantInput, "type" | "actor" | "description"> {
  /** Credits to add, or, negative, to take off: a whole number other than 0. */
  readonly amount: number;
  /** Who did it. */
  readonly actor: string;
  /** Why. */
  readonly reason: string;
  /** Taking off, also from lots that are kept for this feature. */
  readonly feature?: string | undefined;
}

export type AdjustResult = GrantResult;

/**
 * Adds credits like a grant, or takes them off like a consume, also from a frozen account and beyond spend limits. One
 * transaction, once for an idempotency key.
 * @throws insufficient_credits, invalid_request, idempotency_conflict, balance_limit, lock_timeout
 */
export async function adjust(database: Database, input: AdjustInput, options?: WriteOptions): Promise<AdjustResult> {
  const { amount, reason, feature, ...rest } = input;
  checkRequiredText("actor", input.actor, 255);
  checkRequiredText("reason", reason, 1000);
  if (!(amount < 0)) {
    if (feature !== undefined) throw invalid("feature belongs to taking off; give a lot its scope instead.");
    return grant(database, { ...rest, amount, type: "adjustment", description: reason }, options);
  }
  checkAccount(input);
  checkAmount(-amount);
  checkOptionalText("feature", feature, 255);
  checkOptionalText("idempotencyKey", input.idempotencyKey, 255);
  for (const name of ["expiresAt", "effectiveAt", "priority", "scope"] as const) {
    if (input[name] !== undefined)
      throw invalid(`${name} belongs to added credits; a negative adjustment makes no lot.`);
  }
  const stored = await write<StoredOutcome & AdjustResult>(database, options, "take_credits", {
    p_user_id: input.userId,
    p_unit: input.unit,
    p_amount: -amount,
    p_feature: feature,
    p_actor: input.actor,
    p_description: reason,
    p_idempotency_key: input.idempotencyKey,
    p_metadata: metadataText(input.metadata),
  });
  const { transactionId, balance, available, replayed } = stored;
  return { transactionId, balance, available, replayed };
}
