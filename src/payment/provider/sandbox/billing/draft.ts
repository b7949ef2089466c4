// Draft invoices and their lines.
import type {
  Invoice,
  InvoiceItem,
  InvoiceLine,
  Period,
  Subscription,
  SubscriptionItem,
} from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Customer, Metadata, Price } from "../store/document.ts";
import { createId } from "../store/ids.ts";

const DAY_S = 86_400;

export interface NewLine {
  readonly amount: number;
  readonly currency: string;
  readonly description: string | null;
  readonly period: Period;
  readonly quantity: number;
  readonly price: Price | null;
  readonly proration: boolean;
  readonly subscription: string | null;
  readonly subscription_item: string | null;
  readonly invoice_item: string | null;
  readonly metadata: Metadata;
}

export interface NewInvoice {
  readonly customer: Customer;
  readonly currency: string;
  readonly lines: readonly NewLine[];
  readonly billing_reason: string;
  readonly auto_advance: boolean;
  readonly period: Period;
  readonly subscription?: Subscription | null;
  readonly collection_method?: Invoice["collection_method"];
  readonly days_until_due?: number | null;
  readonly default_payment_method?: string | null;
  readonly description?: string | null;
  readonly metadata?: Metadata;
}

/** The line of a period of a subscription's item; of a trial it costs nothing. */
export function lineOfItem(item: SubscriptionItem, subscription: Subscription, period: Period, trial = false): NewLine {
  const amount = trial ? 0 : item.price.unit_amount * item.quantity;
  const name = item.price.nickname ?? item.price.id;
  return {
    amount,
    currency: subscription.currency,
    description: trial ? `Trial period for ${name}` : `${item.quantity} × ${name}`,
    period,
    quantity: item.quantity,
    price: item.price,
    proration: false,
    subscription: subscription.id,
    subscription_item: item.id,
    invoice_item: null,
    metadata: subscription.metadata,
  };
}

export function lineOfInvoiceItem(item: InvoiceItem): NewLine {
  return {
    amount: item.amount,
    currency: item.currency,
    description: item.description,
    period: item.period,
    quantity: item.quantity,
    price: item._price,
    proration: item.proration,
    subscription: item._subscription,
    subscription_item: item._subscription_item,
    invoice_item: item.id,
    metadata: item.metadata,
  };
}

/** Makes a draft; the invoice items among its lines are waiting no more. */
export async function createInvoice(change: Change, given: NewInvoice): Promise<Invoice> {
  const id = createId("in");
  const invoice = await change.create(invoiceDocument(change, id, given), "invoice.created");
  await claimItems(change, id, given.lines);
  if (given.customer.currency === null) {
    await change.update(given.customer, { currency: given.currency }, "customer.updated");
  }
  return invoice;
}

/** Adds lines to a draft. */
export async function addLines(change: Change, invoice: Invoice, lines: readonly NewLine[]): Promise<Invoice> {
  const data = [...invoice.lines.data, ...lines.map((line) => lineDocument(invoice.id, line))];
  const fields = { lines: { ...invoice.lines, data }, ...sums(data) };
  const updated = await change.update(invoice, fields, "invoice.updated");
  await claimItems(change, invoice.id, lines);
  return updated;
}

async function claimItems(change: Change, invoice: string, lines: readonly NewLine[]): Promise<void> {
  for (const { invoice_item: id } of lines) {
    const item = await change.find("invoiceitem", id);
    if (item !== null) await change.update(item, { invoice }, null);
  }
}

/** The document of an invoice, also of one that will never be written, as an upcoming one. */
export function invoiceDocument(change: Change, id: string, given: NewInvoice): Invoice {
  const { customer, subscription = null, collection_method: collection = "charge_automatically" } = given;
  const data = given.lines.map((line) => lineDocument(id, line));
  const due = collection === "send_invoice" ? change.now + (given.days_until_due ?? 30) * DAY_S : null;
  return {
    id,
    object: "invoice",
    account_country: "US",
    account_name: "Tallystick sandbox",
    account_tax_ids: null,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: given.auto_advance,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: given.billing_reason,
    collection_method: collection,
    created: change.now,
    currency: given.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: customer["address"],
    customer_email: customer.email,
    customer_name: customer.name,
    customer_phone: customer["phone"],
    customer_shipping: customer["shipping"],
    customer_tax_exempt: "none",
    customer_tax_ids: [],
    default_payment_method: given.default_payment_method ?? null,
    default_source: null,
    default_tax_rates: [],
    description: given.description ?? null,
    discounts: [],
    due_date: due,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: "self" },
    last_finalization_error: null,
    latest_revision: null,
    lines: { object: "list", data, has_more: false, url: `/v1/invoices/${id}/lines` },
    livemode: false,
    metadata: given.metadata ?? {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: given.period.end,
    period_start: given.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: "draft",
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    test_clock: change.clock,
    total_discount_amounts: [],
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
    ...sums(data),
    _subscription: subscription?.id ?? null,
    _subscription_metadata: subscription?.metadata ?? null,
    _payment_intent: null,
    _charge: null,
    _paid_out_of_band: false,
  };
}

function sums(lines: readonly InvoiceLine[]) {
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  const due = Math.max(0, total);
  return {
    amount_due: due,
    amount_remaining: due,
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_excluding_tax: total,
  };
}

function lineDocument(invoice: string, line: NewLine): InvoiceLine {
  return {
    id: createId("il"),
    object: "line_item",
    amount: line.amount,
    currency: line.currency,
    description: line.description,
    discount_amounts: [],
    discountable: !line.proration,
    discounts: [],
    invoice,
    livemode: false,
    metadata: line.metadata,
    period: line.period,
    pretax_credit_amounts: [],
    quantity: line.quantity,
    quantity_decimal: String(line.quantity),
    taxes: [],
    _price: line.price,
    _proration: line.proration,
    _subscription: line.subscription,
    _subscription_item: line.subscription_item,
    _invoice_item: line.invoice_item,
  };
}
