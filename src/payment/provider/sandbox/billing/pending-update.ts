// An update that waits for its payment (payment_behavior=pending_if_incomplete): applied when its invoice is paid,
// dropped when it is not paid in time.
import type { Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { planSubscription } from "./plan.ts";

export async function applyPendingUpdate(change: Change, subscription: Subscription): Promise<Subscription> {
  const { pending_update: update } = subscription;
  if (update === null) return subscription;
  const items = { ...subscription.items, data: update.subscription_items };
  const fields = { items, pending_update: null, _update_invoice: null };
  const applied = await change.update(subscription, fields, "customer.subscription.updated");
  await change.tell("customer.subscription.pending_update_applied", applied);
  await planSubscription(change, applied);
  return applied;
}

export async function dropPendingUpdate(change: Change, subscription: Subscription): Promise<Subscription> {
  if (subscription.pending_update === null) return subscription;
  const fields = { pending_update: null, _update_invoice: null };
  const dropped = await change.update(subscription, fields, "customer.subscription.updated");
  await change.tell("customer.subscription.pending_update_expired", dropped);
  return dropped;
}
