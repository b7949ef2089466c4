// From draft to open: the invoice gets its number, the customer's balance is used, and a payment intent is to pay it. One
// that asks for nothing is paid at once.
import { createIntent } from "../payments/intent.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Invoice } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Customer, PaymentIntent } from "../store/document.ts";
import { createId } from "../store/ids.ts";
import { markPaid } from "./paid.ts";

/** Finalizes; `intent` is the one that has paid already, where a checkout took the money first. @throws Refusal */
export async function finalizeInvoice(
  change: Change,
  draft: Invoice,
  { intent = null }: { intent?: PaymentIntent | null } = {},
): Promise<Invoice> {
  if (draft.status !== "draft")
    throw invalid(`This invoice is already ${draft.status}.`, { code: "invoice_not_editable" });
  await change.plan(draft.id, "finalize_invoice", null);
  const customer = await change.get("customer", draft.customer);
  const { due, balance } = useBalance(draft.total, customer.balance);
  const number = `${customer.invoice_prefix}-${String(customer.next_invoice_sequence).padStart(4, "0")}`;
  await countInvoice(change, customer, balance);
  const payer = intent ?? (due > 0 ? await intentFor(change, draft, due) : null);
  if (payer !== null) await linkPayment(change, draft, { intent: payer, amount: due });
  const before = await change.get("invoice", draft.id);
  const page = `${change.surroundings.origin()}/invoice/${draft.id}`;
  const fields: Partial<Invoice> = {
    amount_due: due,
    amount_remaining: due,
    automatically_finalizes_at: null,
    effective_at: change.now,
    ending_balance: balance,
    hosted_invoice_url: page,
    invoice_pdf: `${page}/pdf`,
    number,
    starting_balance: customer.balance,
    status: "open",
    status_transitions: { ...draft.status_transitions, finalized_at: change.now },
    _payment_intent: payer?.id ?? null,
  };
  const open = await change.update(draft, fields, null);
  await change.tell("invoice.finalized", open);
  await change.tell("invoice.updated", open, before);
  if (draft.collection_method === "send_invoice" && typeof draft["due_date"] === "number") {
    await change.plan(draft.id, "past_due", draft["due_date"]);
  }
  return due === 0 ? markPaid(change, open, {}) : open;
}

/** Credit (a negative balance) pays first; debt is asked for along. Docs: docs.stripe.com/billing/customer/balance. */
function useBalance(total: number, balance: number): { due: number; balance: number } {
  const sum = total + balance;
  return sum < 0 ? { due: 0, balance: sum } : { due: sum, balance: 0 };
}

async function countInvoice(change: Change, customer: Customer, balance: number): Promise<void> {
  const moved = balance !== customer.balance;
  const fields = { balance, next_invoice_sequence: customer.next_invoice_sequence + 1 };
  await change.update(customer, fields, moved ? "customer.updated" : null);
}

async function intentFor(change: Change, invoice: Invoice, amount: number): Promise<PaymentIntent> {
  return createIntent(change, {
    amount,
    currency: invoice.currency,
    customer: invoice.customer,
    description: invoice._subscription === null ? "Payment for Invoice" : "Subscription payment",
    invoice: invoice.id,
  });
}

async function linkPayment(
  change: Change,
  invoice: Invoice,
  { intent, amount }: { intent: PaymentIntent; amount: number },
): Promise<void> {
  await change.create(
    {
      id: createId("inpay"),
      object: "invoice_payment",
      amount_paid: null,
      amount_requested: amount,
      created: change.now,
      currency: invoice.currency,
      invoice: invoice.id,
      is_default: true,
      livemode: false,
      payment: { payment_intent: intent.id, type: "payment_intent" },
      status: "open",
      status_transitions: { canceled_at: null, paid_at: null },
    },
    null,
  );
}
