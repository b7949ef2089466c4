// Which plans a user has at present.
import type { SubscriptionView } from "tallystick";
import { tally } from "../tally.ts";

/** A subscription that was paid for once and is not over. One whose first payment never came is none. */
export function lives({ ended, status }: SubscriptionView): boolean {
  return !ended && status !== "incomplete";
}

export interface Standing {
  /** By plan. */
  readonly subscriptions: ReadonlyMap<string, SubscriptionView>;
  /** Plans that were bought for life. */
  readonly lifetimes: ReadonlySet<string>;
}

export async function standingOf(userId: string): Promise<Standing> {
  const [subscriptions, enrolments] = await Promise.all([
    tally().billing.subscriptions(userId),
    tally().credits.enrolments({ userId }),
  ]);
  const living = subscriptions.flatMap((subscription): [string, SubscriptionView][] =>
    subscription.planId !== null && lives(subscription) ? [[subscription.planId, subscription]] : [],
  );
  const lifetimes = enrolments.filter(({ type, status }) => type === "lifetime_monthly" && status === "active");
  return { subscriptions: new Map(living.toReversed()), lifetimes: new Set(lifetimes.map(({ planId }) => planId)) };
}
