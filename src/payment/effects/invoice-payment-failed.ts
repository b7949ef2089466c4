// invoice.payment_failed and payment_action_required: recorded and announced; what was paid stays paid.
import { requireOwner } from "../owner.ts";
import { recordPayment } from "../payment-row.ts";
import type { PaymentFact } from "../provider.ts";
import { attemptOfInvoice } from "../top-up/attempt.ts";
import type { EffectContext } from "./context.ts";

export async function invoicePaymentFailed(
  context: EffectContext,
  fact: Extract<PaymentFact, { kind: "invoice_payment_failed" }>,
): Promise<void> {
  const { tx, provider } = context;
  const userId = await requireOwner(tx, provider, fact.owner);
  await recordPayment(tx, {
    provider,
    userId,
    customerId: fact.owner.customerId,
    type: fact.subscriptionId === null ? "one_time" : "subscription",
    status: "failed",
    money: fact.due,
    invoiceId: fact.invoiceId,
    subscriptionId: fact.subscriptionId,
  });
  // Of a top-up its own task tells what comes of it.
  if (fact.subscriptionId === null && (await attemptOfInvoice(tx, provider, fact.invoiceId)) !== null) return;
  await context.announce(tx, {
    kind: "payment.failed",
    key: `payment.failed:${provider}:${fact.invoiceId}:${fact.attemptCount}`,
    userId,
    ...fact.due,
    attemptCount: fact.attemptCount,
    nextAttemptAt: fact.nextAttemptAt,
  });
}
