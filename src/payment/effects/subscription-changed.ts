// Subscription state, as last read. It grants nothing; its end ends the enrolments that were paid with it.
import { endEnrolments } from "../../credits/enrolment.ts";
import { requireOwner } from "../owner.ts";
import type { PaymentFact } from "../provider.ts";
import { recordSubscription, subscriptionSource } from "../subscription-row.ts";
import type { EffectContext } from "./context.ts";

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
  if (stored.ended) await endEnrolments(tx, subscriptionSource(provider, subscription.subscriptionId));
  const endsAt = stored.ended ? null : stored.endsAt;
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
