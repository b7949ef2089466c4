// The documents that the sandbox keeps, as far as it reads them itself: Stripe's resources in the present shape. What a
// document has besides is in the function that makes it. A field that begins with _ never leaves the sandbox.

export type Metadata = Readonly<Record<string, string>>;

export interface Document {
  readonly id: string;
  readonly object: string;
  readonly [field: string]: unknown;
}

/** A list inside a document. */
export interface Listed<Item> {
  readonly object: "list";
  readonly data: readonly Item[];
  readonly has_more: boolean;
  readonly url: string;
}

interface OfCustomer extends Document {
  readonly created: number;
  readonly metadata: Metadata;
  readonly customer: string | null;
}

export interface Customer extends Document {
  readonly object: "customer";
  readonly email: string | null;
  readonly name: string | null;
  readonly metadata: Metadata;
  readonly balance: number;
  readonly currency: string | null;
  readonly invoice_settings: { readonly default_payment_method: string | null; readonly [field: string]: unknown };
  readonly next_invoice_sequence: number;
  readonly invoice_prefix: string;
  readonly test_clock: string | null;
}

export interface Product extends Document {
  readonly object: "product";
  readonly name: string;
  readonly metadata: Metadata;
}

export type Interval = "day" | "week" | "month" | "year";

export interface Recurring {
  readonly interval: Interval;
  readonly interval_count: number;
  readonly [field: string]: unknown;
}

export interface Price extends Document {
  readonly object: "price";
  readonly currency: string;
  readonly unit_amount: number;
  readonly product: string;
  readonly recurring: Recurring | null;
  readonly lookup_key: string | null;
  readonly metadata: Metadata;
  readonly nickname: string | null;
  /** What the price is in other currencies. */
  readonly _currency_options: Readonly<Record<string, number>>;
}

/** What a test payment method does when it is used. */
export interface Conduct {
  readonly decline?: { readonly code: string; readonly decline_code?: string; readonly message: string };
  readonly refusesAttachment?: boolean;
  readonly needsAction?: boolean;
  readonly dispute?: "fraudulent" | "product_not_received" | "inquiry";
  /** Bank debits settle later. */
  readonly settles?: "succeeded" | "failed";
  readonly refund?: "fails" | "pending";
}

export interface PaymentMethod extends OfCustomer {
  readonly object: "payment_method";
  readonly type: string;
  readonly billing_details: Readonly<Record<string, unknown>>;
  readonly _conduct: Conduct;
}

export type IntentStatus =
  | "requires_payment_method"
  | "requires_confirmation"
  | "requires_action"
  | "processing"
  | "requires_capture"
  | "canceled"
  | "succeeded";

export interface PaymentIntent extends OfCustomer {
  readonly object: "payment_intent";
  readonly amount: number;
  readonly amount_received: number;
  readonly amount_capturable: number;
  readonly capture_method: string;
  readonly currency: string;
  readonly status: IntentStatus;
  readonly payment_method: string | null;
  readonly latest_charge: string | null;
  readonly description: string | null;
  readonly _invoice: string | null;
  readonly _session: string | null;
}

export interface SetupIntent extends OfCustomer {
  readonly object: "setup_intent";
  readonly status: "succeeded" | "requires_payment_method";
  readonly payment_method: string | null;
}

export interface Charge extends OfCustomer {
  readonly object: "charge";
  readonly amount: number;
  readonly amount_captured: number;
  readonly amount_refunded: number;
  readonly currency: string;
  readonly status: "succeeded" | "pending" | "failed";
  readonly captured: boolean;
  readonly refunded: boolean;
  readonly disputed: boolean;
  readonly payment_intent: string | null;
  readonly payment_method: string | null;
  readonly balance_transaction: string | null;
  readonly _invoice: string | null;
  readonly _session: string | null;
  readonly _conduct: Conduct;
  /** For API versions that embed them. */
  readonly _refunds: readonly Document[];
}

export type RefundStatus = "pending" | "requires_action" | "succeeded" | "failed" | "canceled";

export interface Refund extends Document {
  readonly object: "refund";
  readonly amount: number;
  readonly currency: string;
  readonly charge: string;
  readonly payment_intent: string | null;
  readonly status: RefundStatus;
  readonly metadata: Metadata;
}

export type DisputeStatus =
  | "warning_needs_response"
  | "warning_under_review"
  | "warning_closed"
  | "needs_response"
  | "under_review"
  | "won"
  | "lost";

export interface Dispute extends Document {
  readonly object: "dispute";
  readonly amount: number;
  readonly currency: string;
  readonly charge: string;
  readonly payment_intent: string | null;
  readonly status: DisputeStatus;
  readonly balance_transactions: readonly Document[];
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly evidence_details: {
    readonly has_evidence: boolean;
    readonly submission_count: number;
    readonly [field: string]: unknown;
  };
  readonly metadata: Metadata;
}
