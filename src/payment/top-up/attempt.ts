// One purchase of an automatic top-up, from its row to its end.
import type { Queryable } from "../../db/database.ts";
import { customerOf } from "../billing/buyer.ts";

export interface Attempt {
  readonly id: number;
  readonly accountId: number;
  readonly userId: string;
  readonly provider: string;
  readonly priceId: string;
  readonly quantity: number;
  readonly key: string;
  readonly status: string;
  readonly invoiceId: string | null;
  readonly customerId: string | null;
  /** How long its payer still has, in milliseconds. */
  readonly expiresInMs: number | null;
  /** The settings are there still, and the account may be spent from. */
  readonly wanted: boolean;
}

export async function readAttempt(queryable: Queryable, id: number): Promise<Attempt | undefined> {
  const [row] = await queryable.query<Omit<Attempt, "customerId">>(
    `select attempt.id, attempt.account_id as "accountId", attempt.user_id as "userId", attempt.provider,
       attempt.price_id as "priceId", attempt.quantity, attempt.key::text as key, attempt.status,
       attempt.invoice_id as "invoiceId",
       (extract(epoch from attempt.expires_at - tallystick.clock()) * 1000)::float8 as "expiresInMs",
       top_up.account_id is not null and (tallystick.state_of_account(attempt.account_id) ->> 'usable')::boolean as wanted
     from tallystick.auto_top_up_attempt attempt
     left join tallystick.auto_top_up top_up on top_up.account_id = attempt.account_id
     where attempt.id = $1`,
    [id],
  );
  if (row === undefined) return undefined;
  return { ...row, customerId: await customerOf(queryable, row.provider, row.userId) };
}

/** Remembers the bill before it is paid. */
export async function storeInvoice(queryable: Queryable, id: number, invoiceId: string): Promise<void> {
  await queryable.query("update tallystick.auto_top_up_attempt set invoice_id = $2 where id = $1", [id, invoiceId]);
}

export interface Settled {
  readonly accountId: number;
  readonly userId: string;
  readonly priceId: string;
  readonly retryAt: string | null;
  readonly suspended: boolean;
  readonly expiresAt: string | null;
}

export interface Settlement {
  readonly status: "succeeded" | "failed" | "cancelled" | "action_required";
  readonly reason?: string | null;
  readonly payUrl?: string | null;
}

/** Null: it has ended already. */
export async function settleAttempt(tx: Queryable, id: number, settlement: Settlement): Promise<Settled | null> {
  const { status, reason = null, payUrl = null } = settlement;
  const [row] = await tx.query<{ settled: Settled | null }>(
    "select tallystick.settle_top_up($1, $2, $3, $4) as settled",
    [id, status, reason, payUrl],
  );
  return row?.settled ?? null;
}

/** The attempt that an invoice is of. */
export async function attemptOfInvoice(tx: Queryable, provider: string, invoiceId: string): Promise<number | null> {
  const [row] = await tx.query<{ id: number }>(
    "select id from tallystick.auto_top_up_attempt where provider = $1 and invoice_id = $2",
    [provider, invoiceId],
  );
  return row?.id ?? null;
}
