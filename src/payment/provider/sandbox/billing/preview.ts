// What the invoice of a change would be: the change is made, its invoice read, and all of it undone. So a preview can't
// differ from what is charged. Without a change, or one that is not invoiced now, the next renewal's invoice.
import type { Invoice, Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { createId } from "../store/ids.ts";
import { changeSubscription, type SubscriptionChange } from "./change-subscription.ts";
import { invoiceDocument } from "./draft.ts";
import { periodEnd } from "./period.ts";
import { periodOf } from "./plan.ts";
import { describeInvoice } from "./subscription-invoice.ts";

/** @throws Refusal */
export async function previewInvoice(
  change: Change,
  subscription: Subscription,
  given: SubscriptionChange,
): Promise<Invoice> {
  await change.tx.query("savepoint preview");
  try {
    const changed = await changeSubscription(change, subscription, { ...given, paymentBehavior: "default_incomplete" });
    const made = changed.latest_invoice === subscription.latest_invoice ? null : changed.latest_invoice;
    const invoice = made === null ? await renewalOf(change, changed) : await change.get("invoice", made);
    return asPreview(invoice);
  } finally {
    await change.tx.query("rollback to savepoint preview");
  }
}

async function renewalOf(change: Change, subscription: Subscription): Promise<Invoice> {
  const { start, end } = periodOf(subscription);
  const recurring = subscription.items.data[0]?.price.recurring ?? null;
  const next = recurring === null ? end : periodEnd(subscription.billing_cycle_anchor, recurring, end);
  const pays = { start: end, end: next };
  const described = await describeInvoice(change, subscription, {
    reason: "subscription_cycle",
    pays,
    period: { start, end },
  });
  return invoiceDocument(change, createId("in"), described);
}

// A preview is a draft that nobody can find.
function asPreview(invoice: Invoice): Invoice {
  const paid = { amount_paid: 0, amount_remaining: invoice.amount_due, attempt_count: 0, attempted: false };
  const links = { hosted_invoice_url: null, invoice_pdf: null, number: null };
  return { ...invoice, ...paid, ...links, id: createId("upcoming_in"), status: "draft", _payment_intent: null };
}
