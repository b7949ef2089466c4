// A trial that is about to end is announced, once for each end.
import { requireOwner } from "../owner.ts";
import type { PaymentFact } from "../provider.ts";
import type { EffectContext } from "./context.ts";
import { planItem } from "./subscription-changed.ts";

export async function trialEnding(
  { tx, provider, catalog, announce }: EffectContext,
  { owner, subscriptionId, items, trialEnd }: Extract<PaymentFact, { kind: "trial_ending" }>,
): Promise<void> {
  const userId = await requireOwner(tx, provider, owner);
  await announce(tx, {
    kind: "subscription.trial_ending",
    key: `subscription.trial_ending:${provider}:${subscriptionId}:${trialEnd.toISOString()}`,
    userId,
    subscriptionId,
    planName: planItem(catalog, items)?.plan.name ?? null,
    endsAt: trialEnd,
  });
}
