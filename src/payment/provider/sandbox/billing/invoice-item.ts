// Invoice items: amounts that wait for the customer's or the subscription's next invoice.
import type { InvoiceItem, Period } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Metadata, Price } from "../store/document.ts";
import { createId } from "../store/ids.ts";

export interface NewItem {
  readonly customer: string;
  readonly amount: number;
  readonly currency: string;
  readonly description: string | null;
  readonly period: Period;
  readonly quantity?: number;
  readonly proration?: boolean;
  readonly price?: Price | null;
  readonly subscription?: string | null;
  readonly subscription_item?: string | null;
  readonly metadata?: Metadata;
  readonly invoice?: string | null;
}

export async function createItem(change: Change, given: NewItem): Promise<InvoiceItem> {
  const document: InvoiceItem = {
    id: createId("ii"),
    object: "invoiceitem",
    amount: given.amount,
    currency: given.currency,
    customer: given.customer,
    customer_account: null,
    date: change.now,
    description: given.description,
    discountable: given.proration !== true,
    discounts: [],
    invoice: given.invoice ?? null,
    livemode: false,
    metadata: given.metadata ?? {},
    period: given.period,
    proration: given.proration ?? false,
    quantity: given.quantity ?? 1,
    quantity_decimal: String(given.quantity ?? 1),
    tax_rates: [],
    test_clock: change.clock,
    _price: given.price ?? null,
    _subscription: given.subscription ?? null,
    _subscription_item: given.subscription_item ?? null,
  };
  return change.create(document, "invoiceitem.created");
}

/** What waits for an invoice of the subscription; null: for one of the customer alone. */
export async function pendingItems(
  change: Change,
  customer: string,
  subscription: string | null,
): Promise<readonly InvoiceItem[]> {
  const waiting = await change.all("invoiceitem", { customer, invoice: null });
  // An item of no subscription rides the next invoice of any.
  return waiting.filter((item) => item._subscription === subscription || item._subscription === null);
}
