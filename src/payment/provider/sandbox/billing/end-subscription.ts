// The end of a subscription. What waits for its next invoice is dropped; open invoices stay, and are not retried.
import type { Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { planSubscription } from "./plan.ts";

export async function endSubscription(
  change: Change,
  subscription: Subscription,
  { reason }: { reason: string | null },
): Promise<Subscription> {
  const fields: Partial<Subscription> = {
    status: "canceled",
    canceled_at: subscription.canceled_at ?? change.now,
    ended_at: change.now,
    cancellation_details: { comment: null, feedback: null, reason: reason ?? "cancellation_requested" },
    pending_update: null,
  };
  const ended = await change.update(subscription, fields, null);
  await change.tell("customer.subscription.deleted", ended);
  await planSubscription(change, ended);
  for (const item of await change.all("invoiceitem", {
    customer: ended.customer,
    invoice: null,
    _subscription: ended.id,
  })) {
    await change.remove(item, "invoiceitem.deleted");
  }
  for (const invoice of await change.all("invoice", { _subscription: ended.id, auto_advance: true })) {
    await change.plan(invoice.id, "retry_payment", null);
    await change.plan(invoice.id, "finalize_invoice", null);
    await change.update(invoice, { auto_advance: false, next_payment_attempt: null }, "invoice.updated");
  }
  return ended;
}
