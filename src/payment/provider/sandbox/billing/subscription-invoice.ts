// The invoices of a subscription: of its first period, of each renewal and of a change.
import type { Invoice, Period, Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { createInvoice, lineOfInvoiceItem, lineOfItem, type NewInvoice } from "./draft.ts";
import { pendingItems } from "./invoice-item.ts";

const HOUR_S = 3_600;

export interface SubscriptionInvoice {
  readonly reason: "subscription_create" | "subscription_cycle" | "subscription_update";
  /** The period that its lines pay for; null: only what waits is invoiced. */
  readonly pays: Period | null;
  /** The invoice's own period: for a renewal the one that has ended. */
  readonly period: Period;
  readonly trial?: boolean;
}

/** What the invoice would be; nothing is written. */
export async function describeInvoice(
  change: Change,
  subscription: Subscription,
  given: SubscriptionInvoice,
): Promise<NewInvoice> {
  const customer = await change.get("customer", subscription.customer);
  const waiting = await pendingItems(change, subscription.customer, subscription.id);
  const { pays, reason, period, trial = false } = given;
  const own = pays === null ? [] : subscription.items.data.map((item) => lineOfItem(item, subscription, pays, trial));
  return {
    customer,
    currency: subscription.currency,
    lines: [...waiting.map(lineOfInvoiceItem), ...own],
    billing_reason: reason,
    auto_advance: true,
    period,
    subscription,
    collection_method: subscription.collection_method,
    days_until_due: subscription.days_until_due,
    default_payment_method: subscription.default_payment_method,
  };
}

/** Makes the draft, which becomes the subscription's latest invoice. */
export async function draftFor(
  change: Change,
  subscription: Subscription,
  given: SubscriptionInvoice,
): Promise<Invoice> {
  const described = await describeInvoice(change, subscription, given);
  const behaviour = subscription.pause_collection?.behavior;
  const advances = subscription.status !== "unpaid" && behaviour === undefined;
  const invoice = await createInvoice(change, { ...described, auto_advance: advances });
  await change.update(subscription, { latest_invoice: invoice.id }, null);
  return invoice;
}

/** A renewal's draft is finalized an hour later, unless the subscription's collection rests. */
export async function planFinalization(change: Change, invoice: Invoice): Promise<Invoice> {
  if (!invoice.auto_advance) return invoice;
  const at = change.now + HOUR_S;
  await change.plan(invoice.id, "finalize_invoice", at);
  return change.update(invoice, { automatically_finalizes_at: at }, null);
}
