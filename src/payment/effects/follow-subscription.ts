// What a subscription paid for follows its state: its end ends the months that are still to come, what stops its payment
// pauses them, what sets it going again grants those that were kept back, and another plan gives the plan's months.
import { followPlan } from "../../credits/enrolment-change.ts";
import { endEnrolments, pauseEnrolments, resumeEnrolments } from "../../credits/enrolment.ts";
import type { SubscriptionStatus } from "../provider.ts";
import { readSubscription, subscriptionSource } from "../subscription-row.ts";
import type { EffectContext } from "./context.ts";

// `incomplete` has given nothing yet.
const stopped: ReadonlySet<string> = new Set<SubscriptionStatus>(["past_due", "unpaid", "paused"]);
const going: ReadonlySet<string> = new Set<SubscriptionStatus>(["active", "trialing"]);

// What is paid month by month has no longer term: one that is there is left of a price by the year.
const LONGEST_MONTHLY_TERM = 1;

/**
 * After every event that tells of the subscription or pays for it: whichever comes last finds what the others left.
 * `paidFrom` is when the period begins that was just paid: a state from before it tells of the plan that was, and the
 * event that will tell of the new one is on its way.
 */
export async function followSubscription(
  context: EffectContext,
  subscriptionId: string,
  paidFrom: Date | null = null,
): Promise<void> {
  const { tx, provider, plans, catalog } = context;
  const stored = await readSubscription(tx, provider, subscriptionId);
  if (stored === null) return;
  const source = subscriptionSource(provider, subscriptionId);
  if (stored.ended) await endEnrolments(tx, source);
  else if (stopped.has(stored.status)) await pauseEnrolments(tx, source);
  else if (going.has(stored.status)) {
    await resumeEnrolments(tx, plans, source);
    // A plan that the catalog has lost since can't be given.
    const plan = plans.find(({ id }) => id === stored.onlyPlanId);
    const isOlder = paidFrom !== null && stored.periodStart !== null && stored.periodStart < paidFrom;
    if (plan === undefined || isOlder) return;
    const price = stored.priceId === null ? undefined : catalog.price(stored.priceId);
    if (price?.kind === "plan" && price.interval === "month") await endEnrolments(tx, source, LONGEST_MONTHLY_TERM);
    await followPlan(tx, plans, { source, planId: plan.id, quantity: stored.quantity });
  }
}
