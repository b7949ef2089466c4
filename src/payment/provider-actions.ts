// What a provider can be asked to do, beside what it tells: to sell, to let customers see to their payments, to end and to
// change subscriptions. It decides nothing: who may, and what a price gives, is known on our side.
import type { PaymentFact } from "./payment-fact.ts";
import type { Money, SubscriptionState } from "./provider-state.ts";

export interface CustomerOrder {
  readonly userId: string;
  readonly email: string | null;
  /** Two orders with one key make one customer. */
  readonly key: string;
}

export interface CheckoutOrder {
  readonly userId: string;
  readonly customerId: string;
  /** As the catalog names it. */
  readonly priceId: string;
  readonly recurring: boolean;
  /** Of a subscription; 0: it is paid at once. */
  readonly trialDays: number;
  readonly quantity: number;
  /** The provider puts the checkout's id in the place of `{CHECKOUT_SESSION_ID}`. */
  readonly successUrl: string;
  readonly cancelUrl: string;
  readonly allowPromotionCodes: boolean;
  /** The method is kept, so that the customer can be charged without being there. */
  readonly savePaymentMethod: boolean;
  /** Two orders with one key open one checkout. */
  readonly key: string | null;
  /** Earlier checkouts of the customer, of a recurring price for which this says so, are ended: only one can be paid. */
  readonly replaces: (priceId: string) => boolean;
}

export interface Checkout {
  readonly checkoutId: string;
  /** Where the payer is sent. */
  readonly url: string;
}

/** A checkout as the provider knows it. */
export interface CheckoutState {
  /** Whose it is, as its server wrote it. */
  readonly userId: string | null;
  readonly status: "open" | "complete" | "expired";
  readonly priceId: string | null;
  readonly invoiceId: string | null;
}

export interface SubscriptionReference {
  readonly subscriptionId: string;
  /** Whether a subscription may have a price of this id, as the catalog names it; answers name prices in the same way. */
  readonly isPlanPrice: (id: string) => boolean;
}

/** Of the subscription's items the one whose price is a plan's gets another. */
export interface PriceChange extends SubscriptionReference {
  /** As the catalog names it. */
  readonly priceId: string;
  /** Null: as many as before. */
  readonly quantity: number | null;
}

export type Proration = "invoice_now" | "next_invoice" | "none";

export interface PreviewLine {
  readonly description: string | null;
  /** Minor units; negative for a credit. */
  readonly amount: number;
  readonly quantity: number;
  readonly proration: boolean;
}

/** What a change that is invoiced now would cost. */
export interface ChangePreview {
  /** What is to be paid at once, after what the customer has in credit. */
  readonly dueNow: Money;
  readonly lines: readonly PreviewLine[];
}

export interface ChangeOutcome {
  readonly subscription: SubscriptionState;
  /** The change waits for a payment that did not go through, and is dropped without it. Null: it is done. */
  readonly pending: {
    readonly expiresAt: Date | null;
    /** Where the customer can pay. */
    readonly payUrl: string | null;
  } | null;
}

/** What is known of a charge whose bill has been made. */
export interface StoredCharge {
  readonly invoiceId: string;
  /** Of all requests about one charge. */
  readonly key: string;
  readonly signal: AbortSignal;
  readonly knowsPrice: (id: string) => boolean;
}

/** One price, to be paid by a customer who is not there. */
export interface ChargeOrder extends Omit<StoredCharge, "invoiceId"> {
  readonly customerId: string;
  /** As the catalog names it. */
  readonly priceId: string;
  readonly quantity: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** The bill of an earlier try. */
  readonly invoiceId: string | null;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Called before anything is paid: what is given here comes back as `invoiceId` in the next try. */
  readonly onInvoice: (invoiceId: string) => Promise<void>;
}

export type ChargeOutcome =
  | { readonly outcome: "paid"; readonly facts: readonly PaymentFact[] }
  /** Nothing is owed any more. */
  | { readonly outcome: "declined"; readonly code: string }
  /** The bill is open, and its payer has to do something. */
  | { readonly outcome: "action_required"; readonly payUrl: string | null };

export type VoidOutcome =
  | { readonly outcome: "paid"; readonly facts: readonly PaymentFact[] }
  | { readonly outcome: "void" };

/** Called for subscriptions that are known to be the user's. Everything may throw provider_unavailable. */
export interface ProviderActions {
  createCustomer(order: CustomerOrder): Promise<string>;
  /** Null: there is no such customer (any more). @throws invalid_request, idempotency_conflict */
  openCheckout(order: CheckoutOrder): Promise<Checkout | null>;
  /** Null: there is no such checkout. */
  checkoutState(checkoutId: string): Promise<CheckoutState | null>;
  /** A page of the provider's own; null: there is no such customer (any more). */
  openPortal(input: { customerId: string; returnUrl: string }): Promise<string | null>;
  /** @throws invalid_state when it has ended */
  cancel(subscription: SubscriptionReference & { readonly when: "period_end" | "now" }): Promise<SubscriptionState>;
  /** Takes back a cancellation that is still to come. @throws invalid_state when it has ended */
  resume(subscription: SubscriptionReference): Promise<SubscriptionState>;
  /** @throws invalid_state */
  previewChange(change: PriceChange): Promise<ChangePreview>;
  /** @throws invalid_state */
  change(change: PriceChange & { readonly proration: Proration }): Promise<ChangeOutcome>;
  /** Charged once, however often it is asked. @throws invalid_request, invalid_state when it can't be asked like that */
  chargeOffSession(order: ChargeOrder): Promise<ChargeOutcome>;
  /** Asks for a charge's money no more, unless it was paid. */
  voidCharge(charge: StoredCharge): Promise<VoidOutcome>;
}
