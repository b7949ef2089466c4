// The payment row: what was paid or failed, once for each checkout session or invoice.
import type { Queryable } from "../db/database.ts";
import { linkCharges } from "./payment-charge.ts";
import type { Money, PaymentReferences } from "./provider.ts";

export interface PaymentInput {
  readonly provider: string;
  readonly userId: string | null;
  readonly customerId: string | null;
  readonly type: "one_time" | "subscription";
  readonly status: "pending" | "paid" | "failed";
  readonly money: Money;
  readonly sessionId?: string | null;
  readonly invoiceId?: string | null;
  readonly references?: PaymentReferences;
  readonly subscriptionId?: string | null;
  readonly priceId?: string | null;
}

/**
 * Writes or completes the row and answers its id. What is paid stays paid, and what failed is not pending again: a lesser
 * state that is told later changes nothing but what was unknown. Refunds and disputes that came before it are tried again.
 */
export async function recordPayment(tx: Queryable, input: PaymentInput): Promise<number> {
  const sessionId = await joinSessionToInvoice(tx, input);
  const reference = input.invoiceId ? "invoice_id" : "session_id";
  const [row] = await tx.query<{ id: number; created: boolean }>(
    `insert into tallystick.payment as payment (provider, user_id, customer_id, type, status, paid, paid_at, amount, currency,
       session_id, invoice_id, payment_intent_id, subscription_id, price_id)
     values ($1, $2, $3, $4, $5, $5 = 'paid', case when $5 = 'paid' then tallystick.clock() end, $6, $7, $8, $9, $10, $11, $12)
     on conflict (provider, ${reference}) where ${reference} is not null do update set
       user_id = coalesce(excluded.user_id, payment.user_id),
       customer_id = coalesce(excluded.customer_id, payment.customer_id),
       session_id = coalesce(excluded.session_id, payment.session_id),
       payment_intent_id = coalesce(excluded.payment_intent_id, payment.payment_intent_id),
       subscription_id = coalesce(excluded.subscription_id, payment.subscription_id),
       price_id = coalesce(excluded.price_id, payment.price_id),
       type = case when payment.subscription_id is not null then payment.type else excluded.type end,
       status = case when payment.paid or excluded.status = 'pending' then payment.status else excluded.status end,
       paid = payment.paid or excluded.paid,
       paid_at = coalesce(payment.paid_at, excluded.paid_at),
       amount = case when payment.paid and not excluded.paid then payment.amount else excluded.amount end,
       currency = coalesce(excluded.currency, payment.currency),
       updated_at = tallystick.clock()
     returning id, xmax = 0 as created`,
    [
      input.provider,
      input.userId,
      input.customerId,
      input.type,
      input.status,
      input.money.amount,
      input.money.currency,
      sessionId,
      input.invoiceId ?? null,
      input.references?.[0] ?? null,
      input.subscriptionId ?? null,
      input.priceId ?? null,
    ],
  );
  const paymentId = row?.id ?? 0;
  const references = input.references ?? [];
  // A row that was just made has no charges but these.
  if (row?.created !== true || references.length > 0) await linkCharges(tx, input.provider, paymentId, references);
  return paymentId;
}

// A session that got its invoice late was recorded by its own id, and the invoice perhaps by its: one payment, one row.
async function joinSessionToInvoice(tx: Queryable, input: PaymentInput): Promise<string | null> {
  const { provider, sessionId, invoiceId } = input;
  if (!sessionId || !invoiceId) return sessionId ?? null;
  await tx.query(
    `with by_invoice as (
       select from tallystick.payment where provider = $1 and invoice_id = $3
     ), adopted as (
       update tallystick.payment set invoice_id = $3
       where provider = $1 and session_id = $2 and invoice_id is null and not exists (select from by_invoice)
     )
     , moved as (
       update tallystick.payment_charge charge set payment_id = (
         select id from tallystick.payment where provider = $1 and invoice_id = $3)
       from tallystick.payment session where session.id = charge.payment_id and session.provider = $1
         and session.session_id = $2 and session.invoice_id is null and not session.paid and exists (select from by_invoice)
     )
     -- Unpaid, it gave nothing and nothing else refers to it.
     delete from tallystick.payment
     where provider = $1 and session_id = $2 and invoice_id is null and not paid and exists (select from by_invoice)`,
    [provider, sessionId, invoiceId],
  );
  const apart = await tx.query(
    "select from tallystick.payment where provider = $1 and session_id = $2 and invoice_id is distinct from $3",
    [provider, sessionId, invoiceId],
  );
  return apart.length > 0 ? null : sessionId;
}
