// The rows of refunds and disputes: each as it was told furthest along its life.
import type { Queryable } from "../db/database.ts";
import type { ReturnState } from "./provider.ts";

export interface ReturnChange {
  /** Null: it was not known before. */
  readonly statusBefore: string | null;
  readonly stoodBefore: boolean;
  readonly status: string;
  readonly stands: boolean;
}

/**
 * Writes the state of a refund or dispute, and answers null when it was told already that it is further on; the caller
 * holds its payment's lock. Of equal stages the one with the money gone counts, because a dispute is told before its money
 * leaves; `current` counts whatever was told before.
 */
export async function recordReturn(
  tx: Queryable,
  provider: string,
  paymentId: number,
  { returned, current }: { readonly returned: ReturnState; readonly current: boolean },
): Promise<ReturnChange | null> {
  const { returnId, type, status, stage, money, stands } = returned;
  const [before] = await tx.query<{ status: string; stands: boolean }>(
    "select status, stands from tallystick.payment_return where provider = $1 and return_id = $2",
    [provider, returnId],
  );
  const [after] = await tx.query<{ status: string; stands: boolean }>(
    `insert into tallystick.payment_return as known (provider, return_id, payment_id, kind, status, stage, amount, currency,
       stands, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, tallystick.clock(), tallystick.clock())
     on conflict (provider, return_id) do update set status = excluded.status, stage = excluded.stage,
       amount = excluded.amount, currency = excluded.currency, updated_at = excluded.updated_at,
       stands = excluded.stands or (known.stands and known.stage = excluded.stage and not $10)
     where $10 or known.stage <= excluded.stage
     returning status, stands`,
    [provider, returnId, paymentId, type, status, stage, money.amount, money.currency, stands, current],
  );
  if (after === undefined) return null;
  return { statusBefore: before?.status ?? null, stoodBefore: before?.stands ?? false, ...after };
}

/**
 * What of a payment is with the payer again, in minor units; what is disputed after a refund may add up to more than was
 * paid, and what a reversal gives back may be told before what it reverses.
 */
export async function returnedAmount(tx: Queryable, paymentId: number): Promise<number> {
  const [row] = await tx.query<{ returned: number }>(
    `select greatest(0, coalesce(sum(case kind when 'reversal' then -amount else amount end), 0))::bigint as returned
     from tallystick.payment_return where payment_id = $1 and stands`,
    [paymentId],
  );
  return row?.returned ?? 0;
}
