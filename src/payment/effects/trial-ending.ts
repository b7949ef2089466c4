// A trial that is about to end is announced, once for each end.
import { requireOwner } from "../owner.ts";
import type { PaymentFact } from "../provider.ts";
import type { EffectContext } from "./context.ts";
import { priceName } from "./give-credits.ts";

export async function trialEnding(
  { tx, provider, catalog, announce }: EffectContext,
  { owner, subscriptionId, priceId, trialEnd }: Extract<PaymentFact, { kind: "trial_ending" }>,
): Promise<void> {
  const userId = await requireOwner(tx, provider, owner);
  const price = priceId === null ? undefined : catalog.price(priceId);
  await announce(tx, {
    kind: "subscription.trial_ending",
    key: `subscription.trial_ending:${provider}:${subscriptionId}:${trialEnd.toISOString()}`,
    userId,
    subscriptionId,
    planName: price === undefined ? null : priceName(price),
    endsAt: trialEnd,
  });
}
