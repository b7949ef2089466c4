// Subscription state, as last read. Its end ends the enrolments that were paid with it, what stops its payment pauses them,
// and what sets it going again grants the months that are paid for and were kept back.
import { randomUUID } from "node:crypto";
import { endEnrolments, pauseEnrolments, resumeEnrolments } from "../../credits/enrolment.ts";
import { requireOwner } from "../owner.ts";
import type { PaymentFact } from "../provider.ts";
import { recordSubscription, subscriptionSource } from "../subscription-row.ts";
import type { EffectContext } from "./context.ts";

// Stripe's words (docs.stripe.com/billing/subscriptions/overview); `incomplete` has given nothing yet.
const stopped = new Set(["past_due", "unpaid", "paused"]);
const going = new Set(["active", "trialing"]);

export async function subscriptionChanged(
  context: EffectContext,
  fact: Extract<PaymentFact, { kind: "subscription_changed" }>,
): Promise<void> {
  const { tx, provider, catalog } = context;
  const { subscription } = fact;
  const userId = await requireOwner(tx, provider, fact.owner);
  const entry = subscription.priceId === null ? undefined : catalog.price(subscription.priceId);
  const plan = entry?.kind === "plan" ? entry.plan : undefined;
  const stored = await recordSubscription(tx, {
    provider,
    userId,
    customerId: fact.owner.customerId,
    planId: plan?.id ?? null,
    subscription,
  });
  const source = subscriptionSource(provider, subscription.subscriptionId);
  if (stored.ended) await endEnrolments(tx, source);
  else if (stopped.has(subscription.status)) await pauseEnrolments(tx, source);
  else if (going.has(subscription.status)) await resumeEnrolments(tx, context.plans, source);
  const endsAt = stored.ended ? null : stored.endsAt;
  if (stored.changed) {
    await context.announce(tx, {
      kind: "subscription.changed",
      // A state may come back; that it has changed is said by the row, in this transaction.
      key: `subscription.changed:${provider}:${subscription.subscriptionId}:${randomUUID()}`,
      userId,
      subscriptionId: subscription.subscriptionId,
      status: subscription.status,
      planId: plan?.id ?? null,
      priceId: subscription.priceId,
      quantity: subscription.quantity,
      currentPeriodEnd: subscription.currentPeriodEnd,
      endsAt,
    });
  }
  if (stored.ended || endsAt !== null) {
    await context.announce(tx, {
      kind: "subscription.cancelled",
      key: `subscription.cancelled:${provider}:${subscription.subscriptionId}:${endsAt?.toISOString() ?? "ended"}`,
      userId,
      subscriptionId: subscription.subscriptionId,
      planName: plan?.name ?? null,
      endsAt,
    });
  }
}
