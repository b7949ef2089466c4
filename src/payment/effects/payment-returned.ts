// Refunds and disputes: what is with the payer again takes its part of the credits back, and what is not, gives it again.
import { settleReturnsIn } from "../../credits/returns.ts";
import { TallystickError } from "../../kernel/errors.ts";
import { linkCharges, lockPaidPayment } from "../payment-charge.ts";
import { recordPayment } from "../payment-row.ts";
import type { PaymentFact } from "../provider.ts";
import { recordReturn, returnedAmount, type ReturnChange } from "../return-row.ts";
import type { EffectContext } from "./context.ts";

type Fact<Kind> = Extract<PaymentFact, { kind: Kind }>;

/** Which charge paid an invoice. The invoice itself may not have been told yet; then its row waits for it. */
export async function invoicePaymentMade(context: EffectContext, fact: Fact<"invoice_payment_made">): Promise<void> {
  const { tx, provider } = context;
  const paymentId = await recordPayment(tx, {
    provider,
    userId: null,
    customerId: null,
    type: "one_time",
    status: "pending",
    money: fact.paid,
    invoiceId: fact.invoiceId,
  });
  await linkCharges(tx, provider, paymentId, fact.references);
}

/** @throws unmatched_payment while the payment is not known, or not known to be paid */
export async function paymentReturned(context: EffectContext, fact: Fact<"payment_returned">): Promise<void> {
  const { tx, provider, returnPolicy } = context;
  const { returned } = fact;
  const payment = await lockPaidPayment(tx, provider, fact.references, fact.invoiceId);
  if (payment === null) {
    throw new TallystickError(
      "unmatched_payment",
      `The ${returned.type} ${returned.returnId} is of ${fact.references.join(", ") || "a payment"}, which is not known here as paid; it is applied by itself once that is told.`,
    );
  }
  // Of another currency's sum no part of the credits follows. Stripe and Paddle tell of both in the payment's own.
  if (returned.money.amount > 0 && returned.money.currency !== payment.currency) {
    throw new TallystickError(
      "invalid_request",
      `The ${returned.type} ${returned.returnId} is in ${returned.money.currency}, and its payment ${payment.id} in ${payment.currency}: settle it by hand with credits.settleReturns.`,
    );
  }
  await linkCharges(tx, provider, payment.id, fact.references);
  const change = await recordReturn(tx, provider, payment.id, fact);
  await settleReturnsIn(tx, {
    paymentId: String(payment.id),
    paid: payment.amount,
    returned: await returnedAmount(tx, payment.id),
    policy: returnPolicy,
  });
  await tell(context, fact, payment.userId, change);
}

async function tell(
  { tx, provider, announce }: EffectContext,
  { returned }: Fact<"payment_returned">,
  userId: string | null,
  change: ReturnChange | null,
): Promise<void> {
  // It is further on already, and that was announced.
  if (change === null) return;
  const { returnId, money, answerBy, inquiry, outcome } = returned;
  if (returned.type === "refund") {
    if (change.stands === change.stoodBefore) return;
    const kind = change.stands ? "payment.refunded" : "payment.refund_failed";
    await announce(tx, { kind, key: `${kind}:${provider}:${returnId}`, userId, returnId, ...money });
    return;
  }
  if (outcome !== null) {
    if (change.status === change.statusBefore) return;
    const key = `payment.dispute_closed:${provider}:${returnId}:${change.status}`;
    await announce(tx, { kind: "payment.dispute_closed", key, userId, returnId, ...money, outcome });
    return;
  }
  const key = `payment.disputed:${provider}:${returnId}:${inquiry ? "inquiry" : "dispute"}`;
  await announce(tx, { kind: "payment.disputed", key, userId, returnId, ...money, inquiry, answerBy });
}
