// The shape before API 2025-03-31: an invoice names its subscription, payment intent and charge, a line its price, a
// subscription its period, and a charge its invoice. Source: Stripe's changelog of 2025-03-31.basil.
import { isRecord, listed, record, type Json } from "../../stripe/read.ts";

/** A document of the present shape as it was before. */
export function beforeBasil(document: Json): Json {
  switch (document["object"]) {
    case "invoice":
      return invoiceBefore(document);
    case "line_item":
      return lineBefore(document);
    case "invoiceitem":
      return invoiceItemBefore(document);
    case "subscription":
      return subscriptionBefore(document);
    case "subscription_item":
      return without(document, "current_period_start", "current_period_end");
    case "charge":
    case "payment_intent":
      return { ...document, invoice: document["_invoice"] };
    default:
      return document;
  }
}

function invoiceBefore(document: Json): Json {
  const { _subscription: subscription, _subscription_metadata: metadata, status } = document;
  return {
    ...without(document, "parent", "amount_overpaid", "confirmation_secret", "total_taxes"),
    charge: document["_charge"],
    discount: null,
    paid: status === "paid",
    paid_out_of_band: document["_paid_out_of_band"],
    payment_intent: document["_payment_intent"],
    quote: null,
    subscription,
    subscription_details: { metadata: isRecord(metadata) ? metadata : null },
    tax: null,
    total_tax_amounts: [],
  };
}

function lineBefore(document: Json): Json {
  const { _invoice_item: invoiceItemId, _price: price } = document;
  return {
    ...without(document, "parent", "pricing", "subtotal", "taxes"),
    ...(invoiceItemId !== null && { invoice_item: invoiceItemId }),
    plan: planOf(price),
    price,
    proration: document["_proration"],
    proration_details: { credited_items: null },
    subscription: document["_subscription"],
    subscription_item: document["_subscription_item"],
    tax_amounts: [],
    tax_rates: [],
    type: invoiceItemId === null ? "subscription" : "invoiceitem",
  };
}

function invoiceItemBefore(document: Json): Json {
  const { _price: price } = document;
  return {
    ...without(document, "parent", "pricing", "net_amount"),
    plan: planOf(price),
    price,
    subscription: document["_subscription"],
    unit_amount: record(price)["unit_amount"] ?? document["amount"],
  };
}

function subscriptionBefore(document: Json): Json {
  const [item = {}] = listed(document["items"]);
  return {
    ...document,
    current_period_end: item["current_period_end"],
    current_period_start: item["current_period_start"],
    discount: null,
    plan: planOf(item["price"]),
    quantity: item["quantity"],
  };
}

/** The plan, as which a recurring price was once known. */
export function planOf(price: unknown): Json | null {
  const { id, active, created, currency, metadata, nickname, product, recurring, unit_amount: amount } = record(price);
  if (!isRecord(recurring)) return null;
  return {
    id,
    object: "plan",
    active,
    amount,
    amount_decimal: String(amount),
    billing_scheme: "per_unit",
    created,
    currency,
    interval: recurring["interval"],
    interval_count: recurring["interval_count"],
    livemode: false,
    metadata,
    meter: null,
    nickname,
    product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: "licensed",
  };
}

function without(document: Json, ...names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)));
}
