// A stored event without what tells of a person. What a handler reads stays as it was: ids, types, amounts, quantities,
// times, states, price and user in the metadata; so a replay finds the same facts, which had their effect and keep it.

// The names of Stripe's and Paddle's fields, wherever they stand in an object: who, where, how to reach, how it was paid,
// free text, and addresses of pages that show these. One list for all, so that a provider that is not configured any more
// is cleaned as well.
const personal: ReadonlySet<string> = new Set([
  "additional_information",
  "address",
  "bank_account",
  "billing_details",
  "business_name",
  "cancel_url",
  "card",
  "cardholder_name",
  "city",
  "client_secret",
  "collected_information",
  "company_number",
  "consent",
  "contacts",
  "country_code",
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
  "expiry_month",
  "expiry_year",
  "fingerprint",
  "first_line",
  "footer",
  "hosted_invoice_url",
  "hosted_regulatory_receipt_url",
  "individual_name",
  "invoice_pdf",
  "ip_address",
  "last4",
  "link",
  "locale",
  "marketing_consent",
  "method_details",
  "name",
  "payment_method_details",
  "phone",
  "postal_code",
  "preferred_locales",
  "purchase_order_number",
  "reason",
  "receipt_data",
  "receipt_email",
  "receipt_number",
  "receipt_url",
  "region",
  "return_url",
  "second_line",
  "shipping",
  "shipping_address",
  "shipping_details",
  "source",
  "sources",
  "statement_descriptor",
  "success_url",
  "tax_identifier",
  "tax_ids",
  "tax_info",
  "url",
  "zip_code",
]);

// What the server writes into an object's metadata (of Paddle: custom_data); the rest of it may hold anything.
const metadataNames: ReadonlySet<string> = new Set(["metadata", "custom_data"]);
const keptMetadata: ReadonlySet<string> = new Set(["userId", "priceId"]);

export interface Erasure {
  readonly userIds: readonly string[];
  /** What stands in their place from now on. */
  readonly alias: string;
  /** Names that are personal besides, of providers that are not built in. */
  readonly personalFields: readonly string[];
}

/** The payload without personal fields, and with the alias wherever it named one of the user ids. */
export function withoutPersonalData(payload: unknown, erasure: Erasure): unknown {
  if (Array.isArray(payload)) return payload.map((item) => withoutPersonalData(item, erasure));
  if (typeof payload !== "object" || payload === null) return payload;
  return Object.fromEntries(
    Object.entries(payload).flatMap(([name, value]): [string, unknown][] => {
      if (personal.has(name) || erasure.personalFields.includes(name)) return [];
      if (metadataNames.has(name)) return [[name, keptOf(value, erasure)]];
      if (name === "client_reference_id") return [[name, renamed(value, erasure)]];
      return [[name, withoutPersonalData(value, erasure)]];
    }),
  );
}

function keptOf(metadata: unknown, erasure: Erasure): unknown {
  if (typeof metadata !== "object" || metadata === null) return metadata;
  const kept = Object.entries(metadata).filter(([name]) => keptMetadata.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, renamed(value, erasure)]));
}

function renamed(value: unknown, { userIds, alias }: Erasure): unknown {
  return typeof value === "string" && userIds.includes(value) ? alias : value;
}
