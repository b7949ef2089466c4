// The end of a period: the subscription moves on before it is paid, and the invoice of the new period is drafted. A trial
// ends the same way.
import type { Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { invoiceDocument } from "./draft.ts";
import { endSubscription } from "./end-subscription.ts";
import { finalizeInvoice } from "./finalize.ts";
import { voidInvoice } from "./invoice-states.ts";
import { periodEnd } from "./period.ts";
import { periodOf, planSubscription } from "./plan.ts";
import { outlivesTrial } from "./trial-end.ts";
import { describeInvoice, draftFor, planFinalization } from "./subscription-invoice.ts";

/** The subscription's period is over: it ends, pauses or goes on. */
export async function renewSubscription(change: Change, subscription: Subscription): Promise<void> {
  if (subscription.ended_at !== null || subscription.status === "paused") return;
  const { cancel_at: cancelAt } = subscription;
  if (cancelAt !== null && cancelAt <= change.now) {
    await endSubscription(change, subscription, { reason: null });
    return;
  }
  if (subscription.status === "trialing" && !(await outlivesTrial(change, subscription))) return;
  await beginPeriod(change, subscription);
}

async function beginPeriod(change: Change, subscription: Subscription): Promise<void> {
  const ended = periodOf(subscription);
  const moved = await movePeriod(change, subscription);
  const draft = await draftFor(change, moved, { reason: "subscription_cycle", pays: periodOf(moved), period: ended });
  const latest = await change.get("subscription", moved.id);
  await change.tell("customer.subscription.updated", latest, subscription);
  await planSubscription(change, latest);
  const { behavior } = latest.pause_collection ?? {};
  if (behavior === "void") await voidInvoice(change, await finalizeInvoice(change, draft));
  else if (behavior === "mark_uncollectible") {
    const open = await finalizeInvoice(change, draft);
    await change.update(open, { status: "uncollectible" }, "invoice.marked_uncollectible");
  } else await planFinalization(change, draft);
}

async function movePeriod(change: Change, subscription: Subscription): Promise<Subscription> {
  const { end: start } = periodOf(subscription);
  const data = subscription.items.data.map((item) => {
    const { recurring } = item.price;
    const end = recurring === null ? start : periodEnd(subscription.billing_cycle_anchor, recurring, start);
    return { ...item, current_period_start: start, current_period_end: end };
  });
  const status = subscription.status === "trialing" ? ("active" as const) : subscription.status;
  return change.update(subscription, { items: { ...subscription.items, data }, status }, null);
}

/** Some days before a renewal its invoice is told of, which has no id yet. */
export async function announceInvoice(change: Change, subscription: Subscription): Promise<void> {
  if (subscription.ended_at !== null || subscription.cancel_at !== null) return;
  const period = periodOf(subscription);
  const moved = subscription.items.data[0]?.price.recurring;
  if (moved === null || moved === undefined) return;
  const pays = { start: period.end, end: periodEnd(subscription.billing_cycle_anchor, moved, period.end) };
  const described = await describeInvoice(change, subscription, { reason: "subscription_cycle", pays, period });
  const { id: _, ...upcoming } = invoiceDocument(change, "upcoming", described);
  await change.tell("invoice.upcoming", { ...upcoming, billing_reason: "upcoming" });
}
