// A stored event without what tells of a person. What a handler reads stays as it was: ids, types, amounts, quantities,
// times, states, price and user in the metadata; so a replay finds the same facts, which had their effect and keep it.

// Stripe's names, wherever they stand in an object: who, where, how to reach, how it was paid, free text, and addresses
// of pages that show these.
const personal: ReadonlySet<string> = new Set([
  "address",
  "bank_account",
  "billing_details",
  "business_name",
  "cancel_url",
  "card",
  "client_secret",
  "collected_information",
  "consent",
  "custom_fields",
  "customer_address",
  "customer_details",
  "customer_email",
  "customer_name",
  "customer_phone",
  "customer_purchase_ip",
  "customer_shipping",
  "customer_tax_ids",
  "description",
  "destination_details",
  "email",
  "evidence",
  "fingerprint",
  "footer",
  "hosted_invoice_url",
  "hosted_regulatory_receipt_url",
  "individual_name",
  "invoice_pdf",
  "ip_address",
  "last4",
  "link",
  "name",
  "payment_method_details",
  "phone",
  "preferred_locales",
  "receipt_email",
  "receipt_number",
  "receipt_url",
  "return_url",
  "shipping",
  "shipping_address",
  "shipping_details",
  "source",
  "sources",
  "statement_descriptor",
  "success_url",
  "tax_ids",
  "tax_info",
  "url",
]);

// What the server writes into an object's metadata; the rest of it may hold anything.
const keptMetadata: ReadonlySet<string> = new Set(["userId", "priceId"]);

/** The payload without personal fields, and with the alias wherever it named one of the user ids. */
export function withoutPersonalData(payload: unknown, userIds: readonly string[], alias: string): unknown {
  if (Array.isArray(payload)) return payload.map((item) => withoutPersonalData(item, userIds, alias));
  if (typeof payload !== "object" || payload === null) return payload;
  return Object.fromEntries(
    Object.entries(payload).flatMap(([name, value]): [string, unknown][] => {
      if (personal.has(name)) return [];
      if (name === "metadata") return [[name, keptOf(value, userIds, alias)]];
      if (name === "client_reference_id") return [[name, renamed(value, userIds, alias)]];
      return [[name, withoutPersonalData(value, userIds, alias)]];
    }),
  );
}

function keptOf(metadata: unknown, userIds: readonly string[], alias: string): unknown {
  if (typeof metadata !== "object" || metadata === null) return metadata;
  const kept = Object.entries(metadata).filter(([name]) => keptMetadata.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, renamed(value, userIds, alias)]));
}

function renamed(value: unknown, userIds: readonly string[], alias: string): unknown {
  return typeof value === "string" && userIds.includes(value) ? alias : value;
}
