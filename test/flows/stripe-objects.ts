// Stripe's objects as its events carry them, in the shape since API 2025-03-31, with only what is read of them.
import { uniqueId } from "../support/engine.ts";

export interface LineInput {
  readonly priceId: string;
  readonly amount?: number;
  readonly quantity?: number;
  readonly proration?: boolean;
  readonly id?: string;
  /** Unix times. */
  readonly period?: { readonly start: number; readonly end: number };
}

export interface InvoiceInput {
  readonly lines: readonly LineInput[];
  readonly id?: string;
  readonly customer?: string;
  readonly userId?: string;
  /** Null: an invoice outside a subscription. */
  readonly subscription?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The payment intent, as payloads before 2025-03-31 name it. */
  readonly paymentIntent?: string;
}

/** An invoice of any number of lines. */
export function invoice(input: InvoiceInput): Record<string, unknown> {
  const subscriptionId = input.subscription === undefined ? uniqueId("sub") : input.subscription;
  const lines = input.lines.map((line) => ({
    id: line.id ?? uniqueId("il"),
    object: "line_item",
    amount: line.amount ?? 2000,
    currency: "usd",
    quantity: line.quantity ?? 1,
    period: line.period ?? { start: 1_760_000_000, end: 1_762_600_000 },
    parent:
      subscriptionId === null
        ? { type: "invoice_item_details", invoice_item_details: { proration: line.proration ?? false } }
        : {
            type: "subscription_item_details",
            subscription_item_details: {
              proration: line.proration ?? false,
              subscription: subscriptionId,
              subscription_item: "si_1",
            },
          },
    pricing: { type: "price_details", price_details: { price: line.priceId, product: "prod_1" } },
  }));
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  return {
    id: input.id ?? uniqueId("in"),
    object: "invoice",
    customer: input.customer ?? uniqueId("cus"),
    amount_paid: Math.max(0, total),
    amount_due: Math.max(0, total),
    amount_remaining: Math.max(0, total),
    attempt_count: 1,
    next_payment_attempt: 1_762_700_000,
    currency: "usd",
    status: "paid",
    metadata: {
      ...(subscriptionId === null && input.userId !== undefined && { userId: input.userId }),
      ...input.metadata,
    },
    parent:
      subscriptionId === null
        ? null
        : {
            type: "subscription_details",
            subscription_details: {
              subscription: subscriptionId,
              metadata: input.userId === undefined ? {} : { userId: input.userId },
            },
          },
    lines: { object: "list", has_more: false, data: lines },
    ...(input.paymentIntent !== undefined && { payment_intent: input.paymentIntent }),
  };
}

export interface SubscriptionInput {
  readonly id: string;
  readonly customer: string;
  readonly userId?: string;
  readonly priceId?: string;
  readonly status: string;
  readonly cancelAtPeriodEnd?: boolean;
  readonly quantity?: number;
  /** Unix time. */
  readonly periodStart?: number;
}

export function subscription(input: SubscriptionInput): Record<string, unknown> {
  return {
    id: input.id,
    object: "subscription",
    customer: input.customer,
    status: input.status,
    cancel_at_period_end: input.cancelAtPeriodEnd ?? false,
    ended_at: input.status === "canceled" ? 1_762_600_000 : null,
    metadata: input.userId === undefined ? {} : { userId: input.userId },
    items: {
      object: "list",
      data: [
        {
          id: "si_1",
          quantity: input.quantity ?? 1,
          current_period_start: input.periodStart ?? 1_760_000_000,
          current_period_end: 1_762_600_000,
          price: { id: input.priceId ?? "price_pro_monthly" },
        },
      ],
    },
  };
}

/** The checkout session that began a subscription: it tells whose customer it is. */
export function subscriptionSession(input: {
  readonly customer: string;
  readonly userId: string;
  readonly subscription: string;
}): Record<string, unknown> {
  return {
    id: uniqueId("cs_test"),
    object: "checkout.session",
    mode: "subscription",
    payment_status: "paid",
    customer: input.customer,
    subscription: input.subscription,
    invoice: uniqueId("in"),
    payment_intent: null,
    amount_total: 2000,
    currency: "usd",
    client_reference_id: input.userId,
    metadata: { userId: input.userId },
  };
}

export interface RefundInput {
  readonly id: string;
  readonly paymentIntent: string;
  readonly amount: number;
  readonly status?: "pending" | "succeeded" | "failed" | "canceled";
}

export function refund(input: RefundInput): Record<string, unknown> {
  return {
    id: input.id,
    object: "refund",
    amount: input.amount,
    currency: "usd",
    charge: input.paymentIntent.replace(/^pi/, "ch"),
    payment_intent: input.paymentIntent,
    reason: null,
    status: input.status ?? "succeeded",
  };
}

export interface DisputeInput {
  readonly id: string;
  readonly paymentIntent: string;
  readonly amount: number;
  readonly status: string;
  /** What moved, as balance transactions: below zero when the money left. */
  readonly moved?: readonly number[];
}

export function dispute(input: DisputeInput): Record<string, unknown> {
  return {
    id: input.id,
    object: "dispute",
    amount: input.amount,
    currency: "usd",
    charge: input.paymentIntent.replace(/^pi/, "ch"),
    payment_intent: input.paymentIntent,
    status: input.status,
    balance_transactions: (input.moved ?? []).map((amount) => ({
      object: "balance_transaction",
      amount,
      currency: "usd",
    })),
    evidence_details: { due_by: 1_763_000_000 },
  };
}

/** What `invoice_payment.paid` tells: which payment intent paid an invoice. */
export function invoicePayment(input: {
  readonly invoice: string;
  readonly paymentIntent: string;
  readonly amount: number;
}): Record<string, unknown> {
  return {
    id: uniqueId("inpay"),
    object: "invoice_payment",
    invoice: input.invoice,
    amount_paid: input.amount,
    currency: "usd",
    status: "paid",
    payment: { type: "payment_intent", payment_intent: input.paymentIntent },
  };
}
