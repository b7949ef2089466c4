// What the payment of an invoice, or the want of it, does to the subscription's status.
import type { Invoice, Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { endSubscription } from "./end-subscription.ts";
import { applyPendingUpdate } from "./pending-update.ts";
import { planSubscription } from "./plan.ts";

/** The subscription stands well again where its newest invoice, or the one it waited for, is paid. */
export async function invoiceWasPaid(change: Change, invoice: Invoice): Promise<void> {
  const subscription = await change.find("subscription", invoice._subscription);
  if (subscription === null || subscription.ended_at !== null) return;
  if (subscription["_update_invoice"] === invoice.id) await applyPendingUpdate(change, subscription);
  if (subscription.latest_invoice !== invoice.id) return;
  const { status } = subscription;
  if (status === "paused" && subscription["_resuming"] === true) {
    const fields = { status: "active" as const, _resuming: false };
    const resumed = await change.update(subscription, fields, "customer.subscription.updated");
    await change.tell("customer.subscription.resumed", resumed);
    await planSubscription(change, resumed);
    return;
  }
  if (status !== "incomplete" && status !== "past_due" && status !== "unpaid") return;
  const stood = await change.update(subscription, { status: "active" }, "customer.subscription.updated");
  await planSubscription(change, stood);
}

/** The first payment leaves it incomplete; later ones make it past due, and the last attempt decides. */
export async function invoiceWasNotPaid(change: Change, invoice: Invoice, { last }: { last: boolean }): Promise<void> {
  const subscription = await change.find("subscription", invoice._subscription);
  if (subscription === null || subscription.ended_at !== null) return;
  if (invoice.billing_reason === "subscription_create" && subscription.status === "incomplete") return;
  // A pending update waits; what is there now is paid for.
  if (subscription["_update_invoice"] === invoice.id || subscription["_resuming"] === true) return;
  const { status } = subscription;
  if (status !== "active" && status !== "trialing" && status !== "past_due") return;
  const becomes = last ? change.settings.after_dunning : "past_due";
  if (becomes === "cancel") {
    await endSubscription(change, subscription, { reason: "payment_failed" });
    return;
  }
  await setStatus(change, subscription, becomes);
}

async function setStatus(change: Change, subscription: Subscription, status: "past_due" | "unpaid"): Promise<void> {
  if (subscription.status === status) return;
  await change.update(subscription, { status }, "customer.subscription.updated");
}
