// Subscription state, as last read: stored, followed by what it paid for, and its end announced.
import { lockPaymentsOf } from "../../credits/enrolment-change.ts";
import type { Catalog, Plan } from "../catalog.ts";
import { requireOwner } from "../owner.ts";
import type { PaymentFact, SubscriptionItem } from "../provider.ts";
import { recordSubscription, subscriptionSource } from "../subscription-row.ts";
import type { EffectContext } from "./context.ts";
import { followSubscription } from "./follow-subscription.ts";

export async function subscriptionChanged(
  context: EffectContext,
  fact: Extract<PaymentFact, { kind: "subscription_changed" }>,
): Promise<void> {
  const { tx, provider, catalog } = context;
  const { subscription } = fact;
  const userId = await requireOwner(tx, provider, fact.owner);
  const planItems = planItemsOf(catalog, subscription.items);
  const item = planItems.length === 1 ? planItems[0] : undefined;
  const gives = await lockPaymentsOf(tx, subscriptionSource(provider, subscription.subscriptionId));
  const stored = await recordSubscription(tx, {
    provider,
    userId,
    customerId: fact.owner.customerId,
    planId: item?.plan.id ?? null,
    hasSeveralPlans: planItems.length > 1,
    item: item ?? subscription.items[0] ?? null,
    subscription,
  });
  if (gives) await followSubscription(context, subscription.subscriptionId);
  const endsAt = stored.ended ? null : stored.endsAt;
  if (stored.changed) {
    await context.announce(tx, {
      kind: "subscription.changed",
      // A state may come back; that it has changed is said by the row, in this transaction.
      key: `subscription.changed:${provider}:${subscription.subscriptionId}:${crypto.randomUUID()}`,
      userId,
      subscriptionId: subscription.subscriptionId,
      status: subscription.status,
      planId: item?.plan.id ?? null,
      priceId: item?.priceId ?? null,
      quantity: item?.quantity ?? 1,
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
      planName: item?.plan.name ?? null,
      endsAt,
    });
  }
}

interface PlanItem extends SubscriptionItem {
  readonly plan: Plan;
}

/** The items that are plans; several stand beside each other. */
export function planItemsOf(catalog: Catalog, items: readonly SubscriptionItem[]): readonly PlanItem[] {
  return items.flatMap((item) => {
    const entry = catalog.price(item.priceId);
    return entry?.kind === "plan" ? [{ ...item, plan: entry.plan }] : [];
  });
}
