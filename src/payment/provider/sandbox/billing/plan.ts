// What time will do to a subscription, planned anew after each change of it.
import type { Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Work } from "../store/due.ts";

const HOUR_S = 3_600;
const DAY_S = 86_400;
/** How long the first payment may take. Docs: docs.stripe.com/billing/subscriptions/overview. */
const INCOMPLETE_FOR_S = 23 * HOUR_S;
/** How long before the trial's end it is told. */
export const TRIAL_NOTICE_S = 3 * DAY_S;
/** How long before a renewal its invoice is announced. */
const INVOICE_NOTICE_S = 7 * DAY_S;

export function periodOf({ items }: Subscription): { start: number; end: number } {
  const [item] = items.data;
  return { start: item?.current_period_start ?? 0, end: item?.current_period_end ?? 0 };
}

export async function planSubscription(change: Change, subscription: Subscription): Promise<void> {
  const times = subscription.ended_at === null ? timesOf(change, subscription) : {};
  const all: readonly Work[] = [
    "cancel",
    "renew",
    "trial_will_end",
    "announce_invoice",
    "resume_collection",
    "give_up_incomplete",
    "drop_pending_update",
  ];
  for (const work of all) await change.plan(subscription.id, work, times[work] ?? null);
}

function timesOf(change: Change, subscription: Subscription): Partial<Record<Work, number | null>> {
  const { status, cancel_at: cancelAt, trial_end: trialEnd } = subscription;
  if (status === "incomplete") return { give_up_incomplete: subscription.created + INCOMPLETE_FOR_S };
  const { end } = periodOf(subscription);
  const renews = status !== "paused";
  const notice = end - INVOICE_NOTICE_S;
  const told = subscription["_trial_told"] === trialEnd;
  return {
    cancel: cancelAt,
    renew: renews ? end : null,
    trial_will_end: status === "trialing" && trialEnd !== null && !told ? trialEnd - TRIAL_NOTICE_S : null,
    announce_invoice: renews && cancelAt === null && notice > change.now ? notice : null,
    resume_collection: subscription.pause_collection?.resumes_at ?? null,
    drop_pending_update: subscription.pending_update?.expires_at ?? null,
  };
}
