// What a provider can be asked to do, beside what it tells: to sell, to let customers see to their payments, to end and to
// change subscriptions. It decides nothing: who may, and what a price gives, is known on our side.
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
  /** Two orders with one key open one checkout. */
  readonly key: string | null;
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
}
