// A trial that is about to end is announced, once for each end.
import { requireOwner } from "../owner.ts";
import type { PaymentFact } from "../provider.ts";
import type { EffectContext } from "./context.ts";
import { planItemsOf } from "./subscription-changed.ts";

export async function trialEnding(
  { tx, provider, catalog, announce }: EffectContext,
  { owner, subscriptionId, items, trialEnd }: Extract<PaymentFact, { kind: "trial_ending" }>,
): Promise<void> {
  const plans = planItemsOf(catalog, items);
  const userId = await requireOwner(tx, provider, owner);
  await announce(tx, {
    kind: "subscription.trial_ending",
    key: `subscription.trial_ending:${provider}:${subscriptionId}:${trialEnd.toISOString()}`,
    userId,
    subscriptionId,
    planName: plans.length === 1 ? (plans[0]?.plan.name ?? null) : null,
    endsAt: trialEnd,
  });
}
