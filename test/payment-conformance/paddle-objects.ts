// Paddle's objects as its events carry them, checked by the types of Paddle's own SDK.
import type {
  IAdjustmentNotificationResponse,
  ISubscriptionNotificationResponse,
  ITransactionLineItemNotificationResponse,
  ITransactionNotificationResponse,
} from "@paddle/paddle-node-sdk";
import { uniqueId } from "../support/engine.ts";

export interface LineInput {
  readonly priceId: string;
  readonly subtotal?: number;
  readonly quantity?: number;
  readonly prorated?: boolean;
  readonly id?: string;
}

export interface TransactionInput {
  readonly id?: string;
  readonly customer?: string | null;
  readonly userId?: string;
  readonly subscription?: string | null;
  readonly lines: readonly LineInput[];
  readonly origin?: ITransactionNotificationResponse["origin"];
  readonly status?: ITransactionNotificationResponse["status"];
  readonly currency?: ITransactionNotificationResponse["currency_code"];
  readonly discount?: number;
  readonly failedPayments?: number;
}

const period = { starts_at: "2026-01-01T00:00:00.000000Z", ends_at: "2026-02-01T00:00:00.000000Z" };
const created = "2026-01-01T00:00:00.000001Z";

export function transaction(input: TransactionInput): ITransactionNotificationResponse {
  const subtotal = input.lines.reduce((sum, line) => sum + (line.subtotal ?? 2000), 0);
  const currency = input.currency ?? "USD";
  const total = String(subtotal - (input.discount ?? 0));
  const isPaid = (input.status ?? "completed") === "completed";
  return {
    id: input.id ?? uniqueId("txn"),
    status: input.status ?? "completed",
    customer_id: input.customer === undefined ? uniqueId("ctm") : input.customer,
    address_id: "add_1",
    business_id: null,
    custom_data: input.userId === undefined ? null : { userId: input.userId },
    currency_code: currency,
    origin: input.origin ?? (input.subscription === undefined ? "web" : "subscription_recurring"),
    subscription_id: input.subscription ?? null,
    invoice_id: null,
    invoice_number: null,
    collection_mode: "automatic",
    discount_id: null,
    billing_details: null,
    billing_period: input.subscription === undefined ? null : period,
    items: input.lines.map(({ priceId, quantity }) => ({
      price_id: priceId,
      quantity: quantity ?? 1,
      proration: null,
    })),
    details: {
      tax_rates_used: [],
      totals: {
        subtotal: String(subtotal),
        discount: String(input.discount ?? 0),
        tax: "0",
        total,
        credit: "0",
        credit_to_balance: "0",
        balance: isPaid ? "0" : total,
        grand_total: total,
        grand_total_tax: "0",
        fee: null,
        earnings: null,
        currency_code: currency,
      },
      line_items: input.lines.map(lineItem),
    },
    payments: Array.from({ length: input.failedPayments ?? 0 }, () => ({
      payment_attempt_id: uniqueId("pay"),
      stored_payment_method_id: uniqueId("spm"),
      amount: total,
      status: "error" as const,
      error_code: "declined" as const,
      created_at: created,
    })),
    checkout: { url: null },
    created_at: created,
    updated_at: created,
    billed_at: isPaid ? created : null,
  };
}

function lineItem(line: LineInput): ITransactionLineItemNotificationResponse {
  const amount = String(line.subtotal ?? 2000);
  const totals = { subtotal: amount, discount: "0", tax: "0", total: amount };
  return {
    id: line.id ?? uniqueId("txnitm"),
    price_id: line.priceId,
    quantity: line.quantity ?? 1,
    proration: line.prorated === true ? { rate: "0.5", billing_period: period } : null,
    tax_rate: "0",
    unit_totals: totals,
    totals,
    product: null,
  };
}

export interface SubscriptionInput {
  readonly id: string;
  readonly customer: string;
  readonly userId?: string;
  readonly priceId?: string;
  readonly status: ISubscriptionNotificationResponse["status"];
  /** Orders the states: later is newer. */
  readonly version: number;
  readonly cancelsAt?: string;
  readonly trialEndsAt?: string;
}

export function subscription(input: SubscriptionInput): ISubscriptionNotificationResponse {
  // Microseconds apart, as nothing coarser would tell them from each other.
  const updated = `2026-01-01T00:00:00.00000${input.version}Z`;
  return {
    id: input.id,
    status: input.status,
    customer_id: input.customer,
    address_id: "add_1",
    business_id: null,
    currency_code: "USD",
    created_at: created,
    updated_at: updated,
    started_at: created,
    first_billed_at: created,
    next_billed_at: input.status === "canceled" ? null : period.ends_at,
    paused_at: null,
    canceled_at: input.status === "canceled" ? updated : null,
    discount: null,
    collection_mode: "automatic",
    billing_details: null,
    current_billing_period: input.status === "canceled" ? null : period,
    billing_cycle: { interval: "month", frequency: 1 },
    scheduled_change:
      input.cancelsAt === undefined ? null : { action: "cancel", effective_at: input.cancelsAt, resume_at: null },
    items: [
      {
        status: input.status === "trialing" ? "trialing" : "active",
        quantity: 1,
        recurring: true,
        created_at: created,
        updated_at: updated,
        trial_dates: input.trialEndsAt === undefined ? null : { starts_at: created, ends_at: input.trialEndsAt },
        price: {
          id: input.priceId ?? "price_pro_monthly",
          product_id: "pro_1",
          description: "Monthly",
          tax_mode: "account_setting",
        },
      },
    ],
    custom_data: input.userId === undefined ? null : { userId: input.userId },
  };
}

export interface AdjustmentInput {
  readonly id: string;
  readonly transaction: string;
  readonly amount: number;
  readonly action?: IAdjustmentNotificationResponse["action"];
  readonly status?: IAdjustmentNotificationResponse["status"];
  readonly currency?: IAdjustmentNotificationResponse["currency_code"];
  readonly items?: IAdjustmentNotificationResponse["items"];
}

export function adjustment(input: AdjustmentInput): IAdjustmentNotificationResponse {
  const currency = input.currency ?? "USD";
  const total = String(input.amount);
  return {
    id: input.id,
    action: input.action ?? "refund",
    type: "partial",
    transaction_id: input.transaction,
    subscription_id: null,
    customer_id: "ctm_1",
    reason: "error",
    credit_applied_to_balance: false,
    currency_code: currency,
    status: input.status ?? "approved",
    items: input.items ?? [],
    totals: { subtotal: total, tax: "0", total, fee: "0", retained_fee: "0", earnings: "0", currency_code: currency },
    payout_totals: null,
    created_at: created,
    updated_at: created,
  };
}
