// Subscriptions that rest: paused by a request or at the end of a trial, without periods and invoices until resumed.
import { invalid } from "../protocol/refusal.ts";
import type { Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { collectInvoice } from "./collect.ts";
import { finalizeInvoice } from "./finalize.ts";
import { periodEnd } from "./period.ts";
import { periodOf, planSubscription } from "./plan.ts";
import { draftFor } from "./subscription-invoice.ts";

export async function pauseSubscription(change: Change, subscription: Subscription): Promise<Subscription> {
  if (subscription.ended_at !== null || subscription.status === "incomplete" || subscription.status === "paused") {
    throw invalid(`A subscription that is ${subscription.status} can't be paused.`);
  }
  const details = {
    paused: { subscription: { type: "pause_requested" }, transitioned_at: change.now, type: "subscription" },
  };
  const before = await change.get("subscription", subscription.id);
  const paused = await change.update(subscription, { status: "paused", status_details: details }, null);
  await change.tell("customer.subscription.updated", paused, before);
  await change.tell("customer.subscription.paused", paused);
  await planSubscription(change, paused);
  return paused;
}

/** Resumes; with a new period from now it is invoiced and becomes active with the payment. @throws Refusal */
export async function resumeSubscription(
  change: Change,
  subscription: Subscription,
  { anchor }: { anchor: "now" | "unchanged" },
): Promise<Subscription> {
  if (subscription.status !== "paused") {
    throw invalid(`A subscription that is ${subscription.status} can't be resumed.`);
  }
  const stillPaid = anchor === "unchanged" && periodOf(subscription).end > change.now;
  if (stillPaid) return becomeActive(change, subscription);
  const started = await startPeriod(change, subscription, anchor);
  const period = { start: change.now, end: change.now };
  const pays = periodOf(started);
  const draft = await draftFor(change, started, { reason: "subscription_cycle", pays, period });
  const open = await finalizeInvoice(change, draft);
  if (open.status === "open") await collectInvoice(change, open);
  return change.get("subscription", subscription.id);
}

async function becomeActive(change: Change, subscription: Subscription): Promise<Subscription> {
  const active = await change.update(subscription, { status: "active" }, "customer.subscription.updated");
  await change.tell("customer.subscription.resumed", active);
  await planSubscription(change, active);
  return active;
}

async function startPeriod(
  change: Change,
  subscription: Subscription,
  anchor: "now" | "unchanged",
): Promise<Subscription> {
  const from = anchor === "now" ? change.now : subscription.billing_cycle_anchor;
  const data = subscription.items.data.map((item) => {
    const { recurring } = item.price;
    const end = recurring === null ? change.now : periodEnd(from, recurring, change.now);
    return { ...item, current_period_start: change.now, current_period_end: end };
  });
  const fields = {
    items: { ...subscription.items, data },
    billing_cycle_anchor: from,
    trial_end: null,
    _resuming: true,
  };
  return change.update(subscription, fields, null);
}
