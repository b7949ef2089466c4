// A payment's outcome, with all that hangs on it: the invoice that it pays.
import { confirmIntent, type Confirmation } from "../payments/confirm.ts";
import type { Change } from "../store/change.ts";
import type { PaymentIntent, PaymentMethod } from "../store/document.ts";
import { applyConfirmation } from "./collect.ts";

/** Confirms an intent as its payer would; one that waited for the payer is authenticated thereby. */
export async function confirmPayment(
  change: Change,
  intent: PaymentIntent,
  method: PaymentMethod,
): Promise<Confirmation> {
  const confirmation = await confirmIntent(change, intent, {
    method,
    authenticated: intent.status === "requires_action",
  });
  await settleInvoice(change, confirmation);
  return confirmation;
}

/** Lets the invoice of a payment know what became of it. */
export async function settleInvoice(change: Change, confirmation: Confirmation): Promise<void> {
  const invoice = await change.find("invoice", confirmation.intent._invoice);
  if (invoice !== null && invoice.status === "open") await applyConfirmation(change, invoice, confirmation);
}
