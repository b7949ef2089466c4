// An invoice that is paid: by its payment intent, by nothing because it asked for nothing, or outside of Stripe.
import { cancelIntent } from "../payments/intent.ts";
import type { Invoice } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Charge } from "../store/document.ts";
import { invoiceWasPaid } from "./standing.ts";

export interface Payment {
  readonly charge?: Charge | null;
  /** The money came outside of Stripe: no charge, and the intent is cancelled. */
  readonly outOfBand?: boolean;
}

export async function markPaid(
  change: Change,
  open: Invoice,
  { charge = null, outOfBand = false }: Payment,
): Promise<Invoice> {
  await change.plan(open.id, "retry_payment", null);
  await change.plan(open.id, "past_due", null);
  if (outOfBand) await cancelPayment(change, open);
  else if (charge !== null) await notePayment(change, open, charge);
  const fields: Partial<Invoice> = {
    amount_paid: open.amount_due,
    amount_remaining: 0,
    attempted: true,
    attempt_count: open.attempt_count + (charge === null ? 0 : 1),
    auto_advance: false,
    next_payment_attempt: null,
    status: "paid",
    status_transitions: { ...open.status_transitions, paid_at: change.now },
    webhooks_delivered_at: change.now,
    _charge: charge?.id ?? null,
    _paid_out_of_band: outOfBand,
  };
  const paid = await change.update(open, fields, "invoice.updated");
  await change.tell("invoice.paid", paid);
  if (!outOfBand) await change.tell("invoice.payment_succeeded", paid);
  await invoiceWasPaid(change, paid);
  return paid;
}

async function notePayment(change: Change, invoice: Invoice, charge: Charge): Promise<void> {
  await change.update(charge, { _invoice: invoice.id }, null);
  for (const payment of await change.all("invoice_payment", { invoice: invoice.id, status: "open" })) {
    const transitions = { ...payment.status_transitions, paid_at: change.now };
    const fields = { amount_paid: invoice.amount_due, status: "paid" as const, status_transitions: transitions };
    await change.tell("invoice_payment.paid", await change.update(payment, fields, null));
  }
}

/** Nobody is to pay through the intent any more. */
export async function cancelPayment(change: Change, invoice: Invoice): Promise<void> {
  for (const payment of await change.all("invoice_payment", { invoice: invoice.id, status: "open" })) {
    const transitions = { ...payment.status_transitions, canceled_at: change.now };
    await change.update(payment, { status: "canceled", status_transitions: transitions }, null);
  }
  const intent = await change.find("payment_intent", invoice._payment_intent);
  if (intent === null || intent.status === "succeeded" || intent.status === "canceled") return;
  await cancelIntent(change, intent, "void_invoice");
}
