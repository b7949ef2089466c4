// Transactions: Paddle's bills, of a checkout, a renewal, a change of a subscription or an invoice alike.
import type { InvoiceLine, PaymentFact } from "../../provider.ts";
import { integer, isRecord, record, records, text, type Json } from "../json.ts";
import { amount, currency, ownerOf, required } from "./read.ts";

// Nothing is sold: the payer gives another way to pay, at an amount of zero, which is no trial.
const PAYMENT_METHOD_CHANGE = "subscription_payment_method_change";

/** `transaction.completed`: paid and fully processed; its line items are never told in part. */
export function transactionCompletedFacts(transaction: Json): readonly PaymentFact[] {
  if (transaction.origin === PAYMENT_METHOD_CHANGE) return [];
  const transactionId = readId(transaction);
  const { totals, line_items: lineItems } = record(transaction.details);
  required(Array.isArray(lineItems) ? lineItems : null, "list of line items");
  return [
    {
      kind: "invoice_paid",
      owner: ownerOf(transaction),
      invoiceId: transactionId,
      subscriptionId: text(transaction.subscription_id),
      references: [transactionId],
      paid: {
        amount: required(amount(record(totals).grand_total), "grand total"),
        currency: currency(transaction.currency_code),
      },
      lines: records(lineItems).map(readLine),
    },
  ];
}

/** `transaction.payment_failed` and `transaction.past_due`, which comes beside it for a renewal. */
export function transactionFailedFacts(transaction: Json): readonly PaymentFact[] {
  const { totals } = record(transaction.details);
  const { balance, grand_total: grandTotal } = record(totals);
  return [
    {
      kind: "invoice_payment_failed",
      owner: ownerOf(transaction),
      invoiceId: readId(transaction),
      subscriptionId: text(transaction.subscription_id),
      due: { amount: amount(balance) ?? amount(grandTotal) ?? 0, currency: currency(transaction.currency_code) },
      attemptCount: records(transaction.payments).filter(({ status }) => status === "error").length,
    },
  ];
}

function readId(transaction: Json): string {
  return required(text(transaction.id), "transaction id");
}

// The subtotal is before discounts and tax: what a coupon makes cheaper was sold all the same, and a free trial costs
// nothing before it. A proration is told only where a change of the subscription was prorated.
function readLine(line: Json): InvoiceLine {
  return {
    lineId: required(text(line.id), "line item id"),
    priceId: text(line.price_id),
    quantity: required(integer(line.quantity), "line item quantity"),
    amount: required(amount(record(line.totals).subtotal), "line item subtotal"),
    proration: isRecord(line.proration),
    // What the old plan had left comes back as an adjustment and not as a line, so that no difference can be read here.
    period: null,
  };
}
