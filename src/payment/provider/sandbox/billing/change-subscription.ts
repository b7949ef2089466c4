// Changes of a subscription: its items and their proration, its trial, its end, its collection.
import { invalid, Refusal } from "../protocol/refusal.ts";
import type { Invoice, Subscription, SubscriptionItem } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { collectInvoice } from "./collect.ts";
import { finalizeInvoice } from "./finalize.ts";
import { pendingItems } from "./invoice-item.ts";
import { periodEnd } from "./period.ts";
import { periodOf, planSubscription } from "./plan.ts";
import { changedItems, prorate } from "./proration.ts";
import { tellTrialEnding } from "./subscribe.ts";
import { draftFor } from "./subscription-invoice.ts";
import { outlivesTrial } from "./trial-end.ts";

const PENDING_FOR_S = 23 * 3_600;

export interface SubscriptionChange {
  readonly items: readonly SubscriptionItem[];
  /** What else changes. */
  readonly fields: Partial<Subscription>;
  readonly proration: "create_prorations" | "always_invoice" | "none";
  readonly prorationDate: number | null;
  readonly paymentBehavior: string;
  /** The billing cycle begins now. */
  readonly resetsCycle: boolean;
  /** The trial is over now, if there is one. */
  readonly endsTrial?: boolean;
}

/** Applies a change, and invoices at once where Stripe does. @throws Refusal */
export async function changeSubscription(
  change: Change,
  subscription: Subscription,
  given: SubscriptionChange,
): Promise<Subscription> {
  if (given.endsTrial === true && subscription.status === "trialing") {
    const told = await tellTrialEnding(change, subscription);
    if (!(await outlivesTrial(change, told))) return change.get("subscription", subscription.id);
  }
  const difference = { before: subscription.items.data, after: given.items };
  const changed = changedItems(difference);
  const sameItems = changed.before.length === 0 && changed.after.length === 0;
  const resets = given.resetsCycle || (!sameItems && beginsAnew(subscription, given.items));
  if (sameItems && !resets) return apply(change, subscription, given.fields);
  const prorates = given.proration !== "none";
  const at = given.prorationDate ?? change.now;
  // A new cycle pays its first period in full: all that was is credited.
  const credited = resets ? { before: difference.before, after: [] } : difference;
  if (prorates) await prorate(change, subscription, { difference: credited, at, charges: !resets });
  const items = resets ? given.items.map((item) => restarted(item, change.now)) : given.items;
  if (given.paymentBehavior === "pending_if_incomplete")
    return changeWhenPaid(change, subscription, { given, items, resets });
  const anchor = resets ? { billing_cycle_anchor: change.now } : {};
  const ends = resets && subscription.status === "trialing" ? { status: "active" as const, trial_end: change.now } : {};
  const before = await change.get("subscription", subscription.id);
  const fields = { ...given.fields, ...anchor, ...ends, items: { ...subscription.items, data: items } };
  const changedNow = await change.update(subscription, fields, null);
  const invoice = resets || given.proration === "always_invoice" ? await invoiceNow(change, changedNow, resets) : null;
  const invoiced = await change.get("subscription", subscription.id);
  await change.tell("customer.subscription.updated", invoiced, before);
  await planSubscription(change, invoiced);
  if (invoice !== null) await collect(change, invoice, given.paymentBehavior);
  return change.get("subscription", subscription.id);
}

async function apply(change: Change, subscription: Subscription, fields: Partial<Subscription>): Promise<Subscription> {
  if (Object.keys(fields).length === 0) return subscription;
  const updated = await change.update(subscription, fields, "customer.subscription.updated");
  await planSubscription(change, updated);
  return updated;
}

// Another interval, or the first price that costs something. Docs: docs.stripe.com/billing/subscriptions/billing-cycle.
function beginsAnew(subscription: Subscription, after: readonly SubscriptionItem[]): boolean {
  if (subscription.status === "trialing") return false;
  const cycle = ([item]: readonly SubscriptionItem[]): string =>
    `${item?.price.recurring?.interval} ${item?.price.recurring?.interval_count}`;
  const sum = (items: readonly SubscriptionItem[]): number =>
    items.reduce((total, { price, quantity }) => total + price.unit_amount * quantity, 0);
  return cycle(subscription.items.data) !== cycle(after) || (sum(subscription.items.data) === 0 && sum(after) > 0);
}

function restarted(item: SubscriptionItem, now: number): SubscriptionItem {
  const { recurring } = item.price;
  const end = recurring === null ? now : periodEnd(now, recurring, now);
  return { ...item, current_period_start: now, current_period_end: end };
}

/** The draft of what is to be paid now; null when nothing is. */
async function invoiceNow(change: Change, subscription: Subscription, resets: boolean): Promise<Invoice | null> {
  const waiting = await pendingItems(change, subscription.customer, subscription.id);
  if (!resets && waiting.length === 0) return null;
  const pays = resets ? periodOf(subscription) : null;
  const period = { start: change.now, end: change.now };
  return draftFor(change, subscription, { reason: "subscription_update", pays, period });
}

async function collect(change: Change, draft: Invoice, behaviour: string): Promise<void> {
  const open = await finalizeInvoice(change, draft);
  if (open.status !== "open" || behaviour === "default_incomplete" || open.collection_method === "send_invoice") return;
  const { confirmation } = await collectInvoice(change, open);
  if (confirmation?.outcome === "declined" && behaviour === "error_if_incomplete") {
    const { body } = confirmation.refusal;
    throw new Refusal(402, { type: "card_error", message: body.message, code: body.code ?? "card_declined" });
  }
}

/** The items change when the invoice of the change is paid, within 23 hours. */
async function changeWhenPaid(
  change: Change,
  subscription: Subscription,
  { given, items, resets }: { given: SubscriptionChange; items: readonly SubscriptionItem[]; resets: boolean },
): Promise<Subscription> {
  if (Object.keys(given.fields).length > 0) {
    throw invalid("With payment_behavior=pending_if_incomplete only items may change.", { param: "payment_behavior" });
  }
  const wanted = { ...subscription, items: { ...subscription.items, data: items } };
  const invoice = await invoiceNow(change, wanted, resets);
  if (invoice === null) return apply(change, subscription, { items: wanted.items });
  const expires = change.now + PENDING_FOR_S;
  const pending = {
    billing_cycle_anchor: null,
    discounts: null,
    expires_at: expires,
    metadata: null,
    subscription_items: items,
    trial_end: null,
    trial_from_plan: null,
  };
  const fields = { pending_update: pending, _update_invoice: invoice.id };
  const waits = await change.update(subscription, fields, "customer.subscription.updated");
  await planSubscription(change, waits);
  await collect(change, invoice, "allow_incomplete");
  return change.get("subscription", subscription.id);
}
