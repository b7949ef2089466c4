// The one list of event types that have an effect, each with the reader that says what happened. invoice.paid alone
// grants for invoices: invoice.payment_succeeded comes beside it for some payments, and not at all for others.
import type { PaymentFact } from "../../provider.ts";
import type { FactContext } from "./api.ts";
import { checkoutFacts, checkoutFailedFacts } from "./checkout.ts";
import { invoicePaidFacts, invoicePaymentFailedFacts, invoicePaymentMadeFacts } from "./invoice.ts";
import type { Json } from "./read.ts";
import { chargeRefundedFacts, disputeFacts, refundFacts } from "./returned.ts";
import { subscriptionFacts, trialEndingFacts } from "./subscription.ts";

type FactReader = (object: Json, context: FactContext) => readonly PaymentFact[] | Promise<readonly PaymentFact[]>;

const readers: ReadonlyMap<string, FactReader> = new Map<string, FactReader>([
  ["checkout.session.completed", checkoutFacts],
  ["checkout.session.async_payment_succeeded", checkoutFacts],
  ["checkout.session.async_payment_failed", checkoutFailedFacts],
  ["invoice.paid", invoicePaidFacts],
  ["invoice.payment_failed", invoicePaymentFailedFacts],
  ["invoice.payment_action_required", invoicePaymentFailedFacts],
  ["invoice_payment.paid", invoicePaymentMadeFacts],
  ["customer.subscription.created", subscriptionFacts],
  ["customer.subscription.updated", subscriptionFacts],
  ["customer.subscription.deleted", subscriptionFacts],
  ["customer.subscription.paused", subscriptionFacts],
  ["customer.subscription.resumed", subscriptionFacts],
  ["customer.subscription.pending_update_applied", subscriptionFacts],
  ["customer.subscription.pending_update_expired", subscriptionFacts],
  ["customer.subscription.trial_will_end", trialEndingFacts],
  ["refund.created", refundFacts],
  ["refund.updated", refundFacts],
  ["refund.failed", refundFacts],
  ["charge.refund.updated", refundFacts],
  ["charge.refunded", chargeRefundedFacts],
  ["charge.dispute.created", disputeFacts],
  ["charge.dispute.updated", disputeFacts],
  ["charge.dispute.closed", disputeFacts],
  ["charge.dispute.funds_withdrawn", disputeFacts],
  ["charge.dispute.funds_reinstated", disputeFacts],
]);

export function isHandled(type: string): boolean {
  return readers.has(type);
}

/** Every event type that has an effect: what an endpoint must be sent. */
export const handledTypes: readonly string[] = [...readers.keys()];

/** The facts of an event's object; none for types without an effect. */
export async function factsOf(type: string, object: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  return (await readers.get(type)?.(object, context)) ?? [];
}
