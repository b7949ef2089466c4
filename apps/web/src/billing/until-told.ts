// Waits for the ledger to know what the provider was just asked to do, so that the page then shows it.
import { setTimeout as pause } from "node:timers/promises";
import type { SubscriptionState } from "tallystick";
import { tally } from "../tally.ts";

const limitMs = 4000;
const pauseMs = 150;

/** False: the provider's event is still under way. It has its effect whether anybody waits or not. */
export async function untilTold(userId: string, wanted: SubscriptionState): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  const ends = wanted.cancelAtPeriodEnd || wanted.cancelAt !== null;
  for (;;) {
    const known = (await tally().billing.subscriptions(userId)).find(
      ({ subscriptionId }) => subscriptionId === wanted.subscriptionId,
    );
    const hasPrice = wanted.items.some(({ priceId }) => priceId === known?.priceId);
    if (known !== undefined && hasPrice && (known.endsAt !== null) === ends) return true;
    if (Date.now() >= deadline) return false;
    await pause(pauseMs);
  }
}
