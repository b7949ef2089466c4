// One effect for each kind of fact, all in the transaction of the event's task.
import type { PaymentFact } from "../provider.ts";
import { checkoutFailed, checkoutPaid, checkoutRecorded } from "./checkout.ts";
import type { EffectContext } from "./context.ts";
import { invoicePaid } from "./invoice-paid.ts";
import { invoicePaymentFailed } from "./invoice-payment-failed.ts";
import { invoicePaymentMade, paymentReturned } from "./payment-returned.ts";
import { subscriptionChanged } from "./subscription-changed.ts";
import { trialEnding } from "./trial-ending.ts";

export async function applyFact(context: EffectContext, fact: PaymentFact): Promise<void> {
  switch (fact.kind) {
    case "checkout_paid":
      return checkoutPaid(context, fact);
    case "checkout_recorded":
      return checkoutRecorded(context, fact);
    case "checkout_failed":
      return checkoutFailed(context, fact);
    case "invoice_paid":
      return invoicePaid(context, fact);
    case "invoice_payment_failed":
      return invoicePaymentFailed(context, fact);
    case "invoice_payment_made":
      return invoicePaymentMade(context, fact);
    case "payment_returned":
      return paymentReturned(context, fact);
    case "trial_ending":
      return trialEnding(context, fact);
    case "subscription_changed":
      return subscriptionChanged(context, fact);
  }
}
