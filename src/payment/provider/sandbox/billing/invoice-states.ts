// The other ends of an invoice: void, uncollectible, paid outside of Stripe, sent to the customer.
import { invalid } from "../protocol/refusal.ts";
import type { Invoice } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { cancelPayment, markPaid } from "./paid.ts";

/** @throws Refusal */
export async function voidInvoice(change: Change, invoice: Invoice): Promise<Invoice> {
  if (invoice.status === "paid") return invoice;
  if (invoice.status !== "open" && invoice.status !== "uncollectible") {
    throw invalid(`You can't void an invoice that is ${invoice.status}.`);
  }
  await cancelPayment(change, invoice);
  return end(change, invoice, "void");
}

/** @throws Refusal */
export async function markUncollectible(change: Change, invoice: Invoice): Promise<Invoice> {
  if (invoice.status !== "open") throw invalid(`An invoice that is ${invoice.status} can't be marked uncollectible.`);
  return end(change, invoice, "uncollectible");
}

/** The customer paid in another way. @throws Refusal */
export async function payOutOfBand(change: Change, invoice: Invoice): Promise<Invoice> {
  if (invoice.status !== "open" && invoice.status !== "uncollectible") {
    throw invalid(`An invoice that is ${invoice.status} can't be paid.`);
  }
  return markPaid(change, invoice, { outOfBand: true });
}

async function end(change: Change, invoice: Invoice, status: "void" | "uncollectible"): Promise<Invoice> {
  await change.plan(invoice.id, "retry_payment", null);
  await change.plan(invoice.id, "past_due", null);
  const [stamp, type] =
    status === "void"
      ? (["voided_at", "invoice.voided"] as const)
      : (["marked_uncollectible_at", "invoice.marked_uncollectible"] as const);
  const fields = {
    status,
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, [stamp]: change.now },
  };
  const ended = await change.update(invoice, fields, "invoice.updated");
  await change.tell(type, ended);
  return ended;
}
