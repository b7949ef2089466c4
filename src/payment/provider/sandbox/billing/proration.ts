// Proration: what was paid for and is not used is credited, what is new is charged for the rest of the period, to the
// second. Docs: docs.stripe.com/billing/subscriptions/prorations.
import type { Subscription, SubscriptionItem } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { createItem, type NewItem } from "./invoice-item.ts";
import { periodOf } from "./plan.ts";

export interface Difference {
  readonly before: readonly SubscriptionItem[];
  readonly after: readonly SubscriptionItem[];
}

/** The items that differ, as they were and as they are. */
export function changedItems({ before, after }: Difference): Difference {
  const same = (one: SubscriptionItem, other: SubscriptionItem | undefined): boolean =>
    other !== undefined && one.price.id === other.price.id && one.quantity === other.quantity;
  const find = (items: readonly SubscriptionItem[], id: string) => items.find((item) => item.id === id);
  return {
    before: before.filter((item) => !same(item, find(after, item.id))),
    after: after.filter((item) => !same(item, find(before, item.id))),
  };
}

/** Writes the invoice items of a change; without `charges`, only the credits: a new period charges in full. */
export async function prorate(
  change: Change,
  subscription: Subscription,
  { difference, at, charges }: { difference: Difference; at: number; charges: boolean },
): Promise<void> {
  if (subscription.status === "trialing") return;
  const { start, end } = periodOf(subscription);
  const part = Math.min(1, Math.max(0, (end - at) / (end - start)));
  const day = new Date(at * 1000).toISOString().slice(0, 10);
  const itemOf = (item: SubscriptionItem, sign: 1 | -1): NewItem => ({
    customer: subscription.customer,
    amount: sign * Math.round(item.price.unit_amount * item.quantity * part),
    currency: subscription.currency,
    description: `${sign < 0 ? "Unused" : "Remaining"} time on ${item.quantity} × ${item.price.nickname ?? item.price.id} after ${day}`,
    period: { start: at, end },
    quantity: item.quantity,
    proration: true,
    price: item.price,
    subscription: subscription.id,
    subscription_item: item.id,
    metadata: subscription.metadata,
  });
  const { before, after } = changedItems(difference);
  const items = [...before.map((item) => itemOf(item, -1)), ...(charges ? after.map((item) => itemOf(item, 1)) : [])];
  for (const item of items) await createItem(change, item);
}
