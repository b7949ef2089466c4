// Which announcements must have been made, by their keys, as Stripe's own objects and events tell.
import type Stripe from "stripe";
import { all, id, type Bought } from "./books.ts";

export async function expectedAnnouncements(sdk: Stripe, bought: readonly Bought[]): Promise<readonly string[]> {
  const keys = bought.filter(({ paid }) => paid > 0).map((payment) => `payment.received:stripe:${payment.id}`);
  for (const refund of await all(sdk.refunds.list({ limit: 100 }))) {
    // One that failed may never have been seen to stand.
    if (refund.status !== "failed" && refund.status !== "canceled") keys.push(`payment.refunded:stripe:${refund.id}`);
  }
  for (const { id: disputeId, status } of await all(sdk.disputes.list({ limit: 100 }))) {
    if (["won", "lost", "warning_closed"].includes(status)) {
      keys.push(`payment.dispute_closed:stripe:${disputeId}:${status}`);
    }
  }
  for (const subscription of await all(sdk.subscriptions.list({ status: "all", limit: 100 }))) {
    if (["canceled", "incomplete_expired"].includes(subscription.status)) {
      keys.push(`subscription.cancelled:stripe:${subscription.id}:ended`);
    }
  }
  const failures = ["invoice.payment_failed", "invoice.payment_action_required"];
  for (const event of await all(sdk.events.list({ types: failures, limit: 100 }))) {
    const invoice = event.data.object as Stripe.Invoice;
    keys.push(`payment.failed:stripe:${id(invoice)}:${invoice.attempt_count}`);
  }
  for (const event of await all(sdk.events.list({ types: ["checkout.session.async_payment_failed"], limit: 100 }))) {
    keys.push(`payment.failed:stripe:${id(event.data.object as Stripe.Checkout.Session)}`);
  }
  return [...new Set(keys)];
}
