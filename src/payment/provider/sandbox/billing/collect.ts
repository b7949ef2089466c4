// Collecting an open invoice: an attempt to pay it, and what its outcome does to the invoice.
import { standingMethod } from "../payments/customer.ts";
import { confirmIntent, type Confirmation } from "../payments/confirm.ts";
import type { Invoice } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { PaymentMethod } from "../store/document.ts";
import { markPaid } from "./paid.ts";
import { invoiceWasNotPaid } from "./standing.ts";

const DAY_S = 86_400;

export interface Attempt {
  readonly invoice: Invoice;
  /** Null: there was no payment method to try. */
  readonly confirmation: Confirmation | null;
}

/** Tries to take an open invoice's money with this method, else with the one that stands for it. */
export async function collectInvoice(
  change: Change,
  invoice: Invoice,
  given: PaymentMethod | null = null,
): Promise<Attempt> {
  const method = given ?? (await methodFor(change, invoice));
  const intent = await change.find("payment_intent", invoice._payment_intent);
  if (invoice.status !== "open" || intent === null) return { invoice, confirmation: null };
  if (method === null) return { invoice: await noteFailure(change, invoice), confirmation: null };
  const confirmation = await confirmIntent(change, intent, { method });
  return { invoice: await applyConfirmation(change, invoice, confirmation), confirmation };
}

/** What became of the invoice's payment intent. */
export async function applyConfirmation(
  change: Change,
  invoice: Invoice,
  confirmation: Confirmation,
): Promise<Invoice> {
  switch (confirmation.outcome) {
    case "succeeded":
      return markPaid(change, invoice, { charge: confirmation.charge });
    case "declined":
      return noteFailure(change, invoice);
    case "requires_action":
      return noteAction(change, invoice);
    case "processing":
    case "requires_capture":
      return change.update(invoice, { attempted: true, next_payment_attempt: null }, "invoice.updated");
  }
}

async function methodFor(change: Change, invoice: Invoice): Promise<PaymentMethod | null> {
  const subscription = await change.find("subscription", invoice._subscription);
  const given = invoice.default_payment_method ?? subscription?.default_payment_method ?? null;
  return standingMethod(change, invoice.customer, given);
}

async function noteFailure(change: Change, invoice: Invoice): Promise<Invoice> {
  const failed = await planNextAttempt(change, invoice);
  await change.tell("invoice.payment_failed", failed);
  await invoiceWasNotPaid(change, failed, { last: failed.next_payment_attempt === null });
  return failed;
}

// A renewal that needs the payer is a failed attempt as well; it is retried, and may be confirmed in between.
async function noteAction(change: Change, invoice: Invoice): Promise<Invoice> {
  const waiting = await planNextAttempt(change, invoice);
  await change.tell("invoice.payment_action_required", waiting);
  await change.tell("invoice.payment_failed", waiting);
  await invoiceWasNotPaid(change, waiting, { last: waiting.next_payment_attempt === null });
  return waiting;
}

async function planNextAttempt(change: Change, invoice: Invoice): Promise<Invoice> {
  const count = invoice.attempt_count + 1;
  const pauses =
    invoice.billing_reason === "subscription_create" || !invoice.auto_advance ? [] : change.settings.dunning_days;
  const days = pauses[count - 1];
  const next = days === undefined ? null : change.now + days * DAY_S;
  await change.plan(invoice.id, "retry_payment", next);
  const fields = { attempt_count: count, attempted: true, next_payment_attempt: next };
  return change.update(invoice, fields, "invoice.updated");
}
