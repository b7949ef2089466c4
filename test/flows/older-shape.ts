// Stripe's objects as payloads before API 2025-03-31 carry them, from what they are since.
type Json = Readonly<Record<string, unknown>>;

const record = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const listed = (value: unknown): readonly Json[] => (record(value)["data"] as readonly Json[] | undefined) ?? [];

/** The object in the older shape; objects that did not change stay as they are. */
export function olderShape(object: Json, paymentIntent?: string): Record<string, unknown> {
  switch (object["object"]) {
    case "invoice":
      return invoice(object, paymentIntent);
    case "subscription":
      return subscription(object);
    default:
      return { ...object };
  }
}

function invoice({ parent, ...rest }: Json, paymentIntent: string | undefined): Record<string, unknown> {
  const details = record(record(parent)["subscription_details"]);
  return {
    ...rest,
    subscription: details["subscription"] ?? null,
    subscription_details: parent === null ? null : { metadata: details["metadata"] },
    payment_intent: paymentIntent ?? null,
    charge: paymentIntent?.replace(/^pi/, "ch") ?? null,
    paid: true,
    lines: { object: "list", has_more: false, data: listed(rest["lines"]).map(line) },
  };
}

function line({ parent, pricing, ...rest }: Json): Record<string, unknown> {
  const { subscription_item_details: item, invoice_item_details: own } = record(parent);
  const details = { ...record(own), ...record(item) };
  return {
    ...rest,
    type: item === undefined ? "invoiceitem" : "subscription",
    price: { id: record(record(pricing)["price_details"])["price"], object: "price" },
    proration: details["proration"] === true,
    subscription: details["subscription"] ?? null,
  };
}

function subscription(object: Json): Record<string, unknown> {
  const items = listed(object["items"]);
  const { current_period_start: start, current_period_end: end } = items[0] ?? {};
  return {
    ...object,
    current_period_start: start,
    current_period_end: end,
    items: {
      object: "list",
      data: items.map(({ current_period_start: _start, current_period_end: _end, ...item }) => item),
    },
  };
}
