// What the present shape derives from the sandbox's own fields: an invoice's parent, a line's parent and pricing. Webhooks
// and answers carry the first ten lines; the rest is at the lines' own address.
import { record, type Json } from "../../stripe/read.ts";

const EMBEDDED_LINES = 10;

export function inPresentShape(document: Json): Json {
  switch (document["object"]) {
    case "invoice":
      return { ...document, parent: parentOfInvoice(document), lines: embeddedLines(record(document["lines"])) };
    case "line_item":
      return {
        ...document,
        parent: parentOfLine(document),
        pricing: pricingOf(document),
        subtotal: document["amount"],
      };
    case "invoiceitem":
      return {
        ...document,
        parent: parentOfItem(document),
        pricing: pricingOf(document),
        net_amount: document["amount"],
      };
    case "price":
      return document;
    default:
      return document;
  }
}

function parentOfInvoice({ _subscription: subscription, _subscription_metadata: metadata }: Json): Json | null {
  if (subscription === null || subscription === undefined) return null;
  const details = { metadata: metadata ?? {}, subscription, subscription_proration_date: undefined };
  return { quote_details: null, subscription_details: details, type: "subscription_details" };
}

function parentOfLine(line: Json): Json | null {
  const {
    _subscription: subscription,
    _subscription_item: item,
    _invoice_item: invoiceItem,
    _proration: proration,
  } = line;
  const shared = { proration, proration_details: { credited_items: null }, subscription };
  if (invoiceItem !== null) {
    const details = { ...shared, invoice_item: invoiceItem };
    return { invoice_item_details: details, subscription_item_details: null, type: "invoice_item_details" };
  }
  const details = { ...shared, invoice_item: null, subscription_item: item };
  return { invoice_item_details: null, subscription_item_details: details, type: "subscription_item_details" };
}

function parentOfItem({ _subscription: subscription, _subscription_item: item }: Json): Json | null {
  if (subscription === null) return null;
  const details = { subscription, subscription_item: item };
  return { subscription_details: details, type: "subscription_details" };
}

function pricingOf({ _price: price }: Json): Json | null {
  if (price === null || price === undefined) return null;
  const { id, product, unit_amount: amount } = record(price);
  return { price_details: { price: id, product }, type: "price_details", unit_amount_decimal: String(amount) };
}

function embeddedLines(lines: Json): Json {
  const data = Array.isArray(lines["data"]) ? (lines["data"] as unknown[]) : [];
  return {
    ...lines,
    data: data.slice(0, EMBEDDED_LINES),
    has_more: data.length > EMBEDDED_LINES,
    total_count: data.length,
  };
}
