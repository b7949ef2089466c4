// The documents of billing and of the sandbox's own workings, as far as it reads them itself.
import type { Document, Listed, Metadata, Price } from "./document.ts";

export interface Period {
  readonly start: number;
  readonly end: number;
}

export interface InvoiceItem extends Document {
  readonly object: "invoiceitem";
  readonly amount: number;
  readonly currency: string;
  readonly customer: string;
  readonly description: string | null;
  readonly invoice: string | null;
  readonly period: Period;
  readonly proration: boolean;
  readonly quantity: number;
  readonly metadata: Metadata;
  readonly _price: Price | null;
  readonly _subscription: string | null;
  readonly _subscription_item: string | null;
}

export interface InvoiceLine extends Document {
  readonly object: "line_item";
  readonly amount: number;
  readonly currency: string;
  readonly description: string | null;
  readonly invoice: string;
  readonly period: Period;
  readonly quantity: number;
  readonly metadata: Metadata;
  readonly _price: Price | null;
  readonly _proration: boolean;
  readonly _subscription: string | null;
  readonly _subscription_item: string | null;
  readonly _invoice_item: string | null;
}

export type InvoiceStatus = "draft" | "open" | "paid" | "void" | "uncollectible";

export interface Invoice extends Document {
  readonly object: "invoice";
  readonly customer: string;
  readonly currency: string;
  readonly status: InvoiceStatus;
  readonly billing_reason: string;
  readonly number: string | null;
  readonly collection_method: "charge_automatically" | "send_invoice";
  readonly auto_advance: boolean;
  readonly attempt_count: number;
  readonly attempted: boolean;
  readonly amount_due: number;
  readonly amount_paid: number;
  readonly amount_remaining: number;
  readonly total: number;
  readonly starting_balance: number;
  readonly ending_balance: number | null;
  readonly next_payment_attempt: number | null;
  readonly default_payment_method: string | null;
  readonly lines: Listed<InvoiceLine>;
  readonly metadata: Metadata;
  readonly status_transitions: Readonly<Record<string, number | null>>;
  readonly test_clock: string | null;
  readonly _subscription: string | null;
  readonly _payment_intent: string | null;
  readonly _charge: string | null;
  readonly _paid_out_of_band: boolean;
}

export interface InvoicePayment extends Document {
  readonly object: "invoice_payment";
  readonly invoice: string;
  readonly status: "open" | "paid" | "canceled";
  readonly amount_paid: number | null;
  readonly payment: { readonly type: "payment_intent"; readonly payment_intent: string };
  readonly status_transitions: { readonly canceled_at: number | null; readonly paid_at: number | null };
}

export interface SubscriptionItem extends Document {
  readonly object: "subscription_item";
  readonly metadata: Metadata;
  readonly price: Price;
  readonly quantity: number;
  readonly current_period_start: number;
  readonly current_period_end: number;
  readonly subscription: string;
}

export type SubscriptionStatus =
  | "incomplete"
  | "incomplete_expired"
  | "trialing"
  | "active"
  | "past_due"
  | "canceled"
  | "unpaid"
  | "paused";

export interface Subscription extends Document {
  readonly object: "subscription";
  readonly customer: string;
  readonly currency: string;
  readonly created: number;
  readonly status: SubscriptionStatus;
  readonly items: Listed<SubscriptionItem>;
  readonly billing_cycle_anchor: number;
  readonly cancel_at: number | null;
  readonly cancel_at_period_end: boolean;
  readonly canceled_at: number | null;
  readonly ended_at: number | null;
  readonly trial_start: number | null;
  readonly trial_end: number | null;
  readonly trial_settings: { readonly end_behavior: { readonly missing_payment_method: string } };
  readonly pause_collection: { readonly behavior: string; readonly resumes_at: number | null } | null;
  readonly pending_update: {
    readonly expires_at: number;
    readonly subscription_items: readonly SubscriptionItem[];
    readonly [field: string]: unknown;
  } | null;
  readonly latest_invoice: string | null;
  readonly default_payment_method: string | null;
  readonly collection_method: "charge_automatically" | "send_invoice";
  readonly days_until_due: number | null;
  readonly metadata: Metadata;
  readonly test_clock: string | null;
}

export interface SessionLine extends Document {
  readonly object: "item";
  readonly amount_total: number;
  readonly description: string;
  readonly price: Price;
  readonly quantity: number;
}

export interface Session extends Document {
  readonly object: "checkout.session";
  readonly mode: "payment" | "subscription" | "setup";
  readonly status: "open" | "complete" | "expired";
  readonly payment_status: "paid" | "unpaid" | "no_payment_required";
  readonly customer: string | null;
  readonly customer_email: string | null;
  readonly customer_creation: string | null;
  readonly currency: string | null;
  readonly amount_total: number | null;
  readonly expires_at: number;
  readonly payment_intent: string | null;
  readonly success_url: string | null;
  readonly cancel_url: string | null;
  readonly metadata: Metadata;
  readonly invoice_creation: { readonly enabled: boolean; readonly [field: string]: unknown } | null;
  readonly payment_method_types: readonly string[];
  readonly _lines: readonly SessionLine[];
  readonly _intent: { readonly metadata: Metadata; readonly description: string | null; readonly saves: boolean };
  readonly _subscription: {
    readonly metadata: Metadata;
    readonly trial_end: number | null;
    readonly trial_days: number | null;
  };
}

export interface PortalSession extends Document {
  readonly object: "billing_portal.session";
  readonly customer: string;
  readonly return_url: string | null;
}

export interface TestClock extends Document {
  readonly object: "test_helpers.test_clock";
  readonly frozen_time: number;
  readonly status: "ready" | "advancing";
}

/** How deliveries to an endpoint go wrong. Rates are from 0 to 1. */
export interface Misbehaviour {
  readonly duplicate_rate: number;
  readonly reorder_rate: number;
  readonly delay_ms: number;
  readonly drop_rate: number;
  /** The same fact told by a second event, with an id of its own. */
  readonly second_event_rate: number;
  readonly sign_with_old_secret: boolean;
}

export interface EndpointSecret {
  readonly secret: string;
  /** When it stops to sign, in milliseconds; null: never. */
  readonly until_ms: number | null;
}

export interface WebhookEndpoint extends Document {
  readonly object: "webhook_endpoint";
  readonly url: string;
  readonly status: "enabled" | "disabled";
  readonly enabled_events: readonly string[];
  readonly api_version: string | null;
  readonly metadata: Metadata;
  /** Newest first. */
  readonly _secrets: readonly EndpointSecret[];
  readonly _misbehaviour: Misbehaviour;
}

export interface BalanceTransaction extends Document {
  readonly object: "balance_transaction";
  readonly amount: number;
}
