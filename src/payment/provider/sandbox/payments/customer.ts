// Customers: made by a request or by a checkout.
import type { Json } from "../../stripe/read.ts";
import type { Change } from "../store/change.ts";
import type { Customer, PaymentMethod } from "../store/document.ts";
import { createId } from "../store/ids.ts";

export async function createCustomer(change: Change, fields: Json): Promise<Customer> {
  const id = createId("cus", 14);
  const document: Customer = {
    id,
    object: "customer",
    address: null,
    balance: 0,
    created: change.now,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: id.slice(-8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
    ...fields,
  };
  return change.create(document, "customer.created");
}

/** The method that a customer's invoices are charged on: the given one, else the customer's default, else none. */
export async function standingMethod(
  change: Change,
  customerId: string,
  given: string | null = null,
): Promise<PaymentMethod | null> {
  if (given !== null) return change.find("payment_method", given);
  const customer = await change.find("customer", customerId);
  return change.find("payment_method", customer?.invoice_settings.default_payment_method ?? null);
}
