// Invoices, in the payload shapes before and after API 2025-03-31. The shape is told by what is present and not by the
// version: recordings of the transition carry both, and then `parent` is right.
import { TallystickError } from "../../../kernel/errors.ts";
import type { InvoiceLine, PaymentFact } from "../../provider.ts";
import { unanswered, type FactContext } from "./api.ts";
import { invoiceOwner } from "./owner.ts";
import { currency, idOf, idsOf, integer, quantity, listed, record, required, text, time, type Json } from "./read.ts";

/** `invoice.paid`. All lines or an error: a part of them would grant a part of what was paid. */
export async function invoicePaidFacts(invoice: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  const invoiceId = readId(invoice);
  const lines = await linesOf(invoiceId, invoice, context);
  return [
    {
      kind: "invoice_paid",
      owner: invoiceOwner(invoice, lines),
      invoiceId,
      subscriptionId: subscriptionIdOf(invoice, lines),
      references: idsOf(paymentIntentIdOf(invoice), invoice.charge),
      paid: { amount: integer(invoice.amount_paid) ?? 0, currency: currency(invoice.currency) },
      lines: lines.map(readLine),
    },
  ];
}

/** `invoice.payment_failed` and `invoice.payment_action_required`. */
export function invoicePaymentFailedFacts(invoice: Json): readonly PaymentFact[] {
  const lines = listed(invoice.lines);
  return [
    {
      kind: "invoice_payment_failed",
      owner: invoiceOwner(invoice, lines),
      invoiceId: readId(invoice),
      subscriptionId: subscriptionIdOf(invoice, lines),
      due: {
        amount: integer(invoice.amount_remaining) ?? integer(invoice.amount_due) ?? 0,
        currency: currency(invoice.currency),
      },
      attemptCount: integer(invoice.attempt_count) ?? 0,
      nextAttemptAt: time(invoice.next_payment_attempt),
    },
  ];
}

/** `invoice_payment.paid`: which payment intent or charge paid an invoice. */
export function invoicePaymentMadeFacts(invoicePayment: Json): readonly PaymentFact[] {
  const { payment_intent: intent, charge } = record(invoicePayment.payment);
  return [
    {
      kind: "invoice_payment_made",
      invoiceId: required(idOf(invoicePayment.invoice), "invoice id"),
      references: idsOf(intent, charge),
      paid: { amount: integer(invoicePayment.amount_paid) ?? 0, currency: currency(invoicePayment.currency) },
    },
  ];
}

function readId(invoice: Json): string {
  return required(text(invoice.id), "invoice id");
}

async function linesOf(invoiceId: string, invoice: Json, { api }: FactContext): Promise<readonly Json[]> {
  const { data, has_more: hasMore } = record(invoice.lines);
  required(Array.isArray(data) ? data : null, "list of invoice lines");
  if (hasMore !== true) return listed(invoice.lines);
  if (api === null) {
    throw new TallystickError(
      "provider_unavailable",
      `Invoice ${invoiceId} has more lines than its event carries; a secret key is needed to ask Stripe for them.`,
    );
  }
  const answer = await api.invoiceLines(invoiceId);
  if (answer.outcome !== "found") throw unanswered(`lines of invoice ${invoiceId}`, answer);
  return answer.value;
}

function readLine(line: Json): InvoiceLine {
  return {
    lineId: required(text(line.id), "invoice line id"),
    priceId: idOf(record(record(line.pricing).price_details).price) ?? idOf(line.price) ?? idOf(line.plan),
    quantity: quantity(line.quantity),
    amount: required(integer(line.amount), "invoice line amount"),
    proration: isProration(line),
    period: periodOf(line),
  };
}

function periodOf(line: Json): InvoiceLine["period"] {
  const { start, end } = record(line.period);
  const [startsAt, endsAt] = [time(start), time(end)];
  return startsAt === null || endsAt === null ? null : { startsAt, endsAt };
}

/** Whether a line is of a change in mid-period, in either shape. */
export function isProration(line: Json): boolean {
  const { subscription_item_details, invoice_item_details } = record(line.parent);
  const told = [subscription_item_details, invoice_item_details].map((details) => record(details).proration);
  return (told.find((value) => typeof value === "boolean") ?? line.proration) === true;
}

function subscriptionIdOf(invoice: Json, lines: readonly Json[]): string | null {
  const own = idOf(record(record(invoice.parent).subscription_details).subscription) ?? idOf(invoice.subscription);
  return own ?? lines.map(lineSubscriptionIdOf).find((id) => id !== null) ?? null;
}

function lineSubscriptionIdOf(line: Json): string | null {
  const { subscription_item_details, invoice_item_details } = record(line.parent);
  return (
    idOf(record(subscription_item_details).subscription) ??
    idOf(record(invoice_item_details).subscription) ??
    idOf(line.subscription)
  );
}

/** An invoice can be paid in parts: the payment that succeeded is meant. */
function paymentIntentIdOf(invoice: Json): string | null {
  const payments = listed(invoice.payments);
  const ordered = [...payments.filter(({ status }) => status === "paid"), ...payments];
  const ids = ordered.map((payment) => idOf(record(payment.payment).payment_intent));
  return ids.find((id) => id !== null) ?? idOf(invoice.payment_intent);
}
