// grant: a positive entry and its lot.
import type { Database, Queryable } from "../db/database.ts";
import { callFunction, refuse, write, type StoredOutcome, type WriteOptions } from "./context.ts";
import {
  checkAccount,
  checkAmount,
  checkGrantType,
  checkOptionalText,
  checkPriority,
  checkScope,
  checkTime,
  metadataText,
  type AccountInput,
  type GrantType,
} from "./input.ts";

export interface GrantInput extends AccountInput {
  /** Credits: a whole number, 1 to 2^53-1. */
  readonly amount: number;
  readonly type: GrantType;
  /** The lot is spendable before this moment; undefined: for ever. */
  readonly expiresAt?: Date | undefined;
  /** The lot is spendable from this moment; undefined: now. */
  readonly effectiveAt?: Date | undefined;
  /** Lower burns first; 0 to 1000, default 100. */
  readonly priority?: number | undefined;
  /** Features that may use the lot; undefined: all. */
  readonly scope?: readonly string[] | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Who did it, for adjustments by people. */
  readonly actor?: string | undefined;
}

export interface GrantResult {
  readonly transactionId: string;
  readonly balance: number;
  readonly available: number;
  /** True when the key had been used before with the same parameters: nothing was written now. */
  readonly replayed: boolean;
}

/**
 * Grants credits in one statement. With an idempotency key, the same grant happens once for the account however often it
 * is asked, and answers the same. Creates the account at its first write.
 * @throws invalid_request, idempotency_conflict, balance_limit, lock_timeout
 */
export async function grant(database: Database, input: GrantInput, options?: WriteOptions): Promise<GrantResult> {
  checkAccount(input);
  checkAmount(input.amount);
  checkGrantType(input.type);
  checkTime("expiresAt", input.expiresAt);
  checkTime("effectiveAt", input.effectiveAt);
  checkPriority(input.priority);
  checkScope(input.scope);
  checkOptionalText("idempotencyKey", input.idempotencyKey, 255);
  checkOptionalText("description", input.description, 1000);
  checkOptionalText("actor", input.actor, 255);
  const { transactionId, balance, available, replayed } = await write<StoredOutcome & GrantResult>(
    database,
    options,
    "grant_credits",
    {
      p_user_id: input.userId,
      p_unit: input.unit,
      p_amount: input.amount,
      p_type: input.type,
      p_expires_at: input.expiresAt,
      p_effective_at: input.effectiveAt,
      p_priority: input.priority,
      p_scope: input.scope,
      p_idempotency_key: input.idempotencyKey,
      p_description: input.description,
      p_metadata: metadataText(input.metadata),
      p_actor: input.actor,
    },
  );
  return { transactionId, balance, available, replayed };
}

export interface FactGrantInput {
  readonly userId: string;
  readonly amount: number;
  readonly type: GrantType;
  readonly validDays: number | null;
  /** The payment that the lot belongs to. */
  readonly paymentId: number;
  readonly provider: string;
  /** What was paid, in the provider's ids: granted once over all accounts, for ever. */
  readonly fact: string;
  readonly description: string;
  /** Set while the quantity paid for is only assumed; a later grant for the fact is told it. */
  readonly assumedQuantity?: number | undefined;
}

/** Grants for a fact of a payment provider, in the transaction that handles it. */
export async function grantForFact(
  tx: Queryable,
  input: FactGrantInput,
): Promise<GrantResult & { readonly assumedQuantity: number | null }> {
  const [row] = await tx.query<{ expires_at: Date | null }>(
    "select tallystick.clock() + make_interval(hours => 24 * $1::integer) as expires_at",
    [input.validDays],
  );
  return callGrant(tx, {
    p_user_id: input.userId,
    p_amount: input.amount,
    p_type: input.type,
    p_expires_at: row?.expires_at ?? undefined,
    p_payment_id: input.paymentId,
    p_provider: input.provider,
    p_fact: input.fact,
    p_description: input.description,
    p_metadata:
      input.assumedQuantity === undefined ? undefined : JSON.stringify({ assumedQuantity: input.assumedQuantity }),
  });
}

async function callGrant(
  queryable: Queryable,
  parameters: Record<string, unknown>,
): Promise<GrantResult & { assumedQuantity: number | null }> {
  const result = await callFunction<StoredOutcome & GrantResult & { assumedQuantity?: number | null }>(
    queryable,
    "grant_credits",
    parameters,
  );
  if (result.outcome !== "ok") refuse(result);
  const { transactionId, balance, available, replayed, assumedQuantity = null } = result;
  return { transactionId, balance, available, replayed, assumedQuantity };
}

/** What a payment has given so far, whatever of it was taken back since. */
export async function grantedByPayment(queryable: Queryable, paymentId: number): Promise<number> {
  const [row] = await queryable.query<{ granted: number }>(
    `select coalesce(sum(amount), 0)::bigint as granted from tallystick.credit_transaction
     where payment_id = $1 and type in ('purchase_package', 'subscription_renewal', 'lifetime_monthly')`,
    [paymentId],
  );
  return row?.granted ?? 0;
}
