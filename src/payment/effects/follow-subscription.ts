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

/** After every event that tells of the subscription or pays for it: whichever comes last finds what the others left. */
export async function followSubscription(context: EffectContext, subscriptionId: string): Promise<void> {
  const { tx, provider, plans } = context;
  const stored = await readSubscription(tx, provider, subscriptionId);
  if (stored === null) return;
  const source = subscriptionSource(provider, subscriptionId);
  if (stored.ended) await endEnrolments(tx, source);
  else if (stopped.has(stored.status)) await pauseEnrolments(tx, source);
  else if (going.has(stored.status)) {
    await resumeEnrolments(tx, plans, source);
    // A plan that the catalog has lost since can't be given.
    const plan = plans.find(({ id }) => id === stored.onlyPlanId);
    if (plan !== undefined) await followPlan(tx, plans, { source, planId: plan.id });
  }
}
