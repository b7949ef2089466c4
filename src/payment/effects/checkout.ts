// Checkout sessions: a one-time payment gives its lines' credits; other sessions are recorded, and tell whose customer it is.
import { findOwner, requireOwner } from "../owner.ts";
import { recordPayment } from "../payment-row.ts";
import type { PaymentFact } from "../provider.ts";
import type { EffectContext } from "./context.ts";
import { giveCredits, priceName, requirePrice } from "./give-credits.ts";

type Fact<Kind> = Extract<PaymentFact, { kind: Kind }>;

export async function checkoutPaid(context: EffectContext, fact: Fact<"checkout_paid">): Promise<void> {
  const { tx, provider } = context;
  const userId = await requireOwner(tx, provider, fact.owner);
  // A session without lines fails on its missing price rather than giving nothing.
  const lines = fact.lines.length > 0 ? fact.lines : [{ priceId: null, quantity: 1 }];
  const prices = lines.map((line) => ({ ...line, price: requirePrice(context, line.priceId) }));
  const paymentId = await recordPayment(tx, {
    provider,
    userId,
    customerId: fact.owner.customerId,
    type: "one_time",
    status: "paid",
    money: fact.paid,
    sessionId: fact.sessionId,
    references: fact.references,
    priceId: lines[0]?.priceId ?? null,
  });
  for (const [index, { price, quantity }] of prices.entries()) {
    await giveCredits(context, {
      userId,
      paymentId,
      price,
      quantity,
      fact: `checkout_session:${fact.sessionId}:${index}`,
      assumed: fact.assumed,
    });
  }
  if (fact.paid.amount > 0) {
    await context.announce(tx, {
      kind: "payment.received",
      key: `payment.received:${provider}:${fact.sessionId}`,
      userId,
      ...fact.paid,
      items: prices.flatMap(({ price }) => priceName(price) ?? []),
    });
  }
}

export async function checkoutRecorded(context: EffectContext, fact: Fact<"checkout_recorded">): Promise<void> {
  const { tx, provider } = context;
  const userId = await findOwner(tx, provider, fact.owner);
  // Sessions of subscriptions and set-ups are no payments of their own; invoices are.
  if (fact.invoiceId === null && fact.paymentStatus === "paid") return;
  await recordPayment(tx, {
    provider,
    userId,
    customerId: fact.owner.customerId,
    type: "one_time",
    status: "pending",
    money: fact.paid,
    sessionId: fact.sessionId,
    invoiceId: fact.invoiceId,
    references: fact.references,
  });
}

export async function checkoutFailed(context: EffectContext, fact: Fact<"checkout_failed">): Promise<void> {
  const { tx, provider } = context;
  const userId = await requireOwner(tx, provider, fact.owner);
  await recordPayment(tx, {
    provider,
    userId,
    customerId: fact.owner.customerId,
    type: "one_time",
    status: "failed",
    money: fact.due,
    sessionId: fact.sessionId,
    references: fact.references,
  });
  await context.announce(tx, {
    kind: "payment.failed",
    key: `payment.failed:${provider}:${fact.sessionId}`,
    userId,
    ...fact.due,
    attemptCount: null,
    nextAttemptAt: null,
  });
}
