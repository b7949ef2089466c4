// What a provider tells, as facts that are the same for all of them. Facts carry no credits: those come from the catalog.
import type { Money, SubscriptionItem, SubscriptionState } from "./provider-state.ts";

/** Who a fact belongs to: the user that the provider's metadata names, else the stored owner of the customer. */
export interface Owner {
  readonly userId: string | null;
  /** The payer may have set the user id: it is whom this fact belongs to, but it moves no customer from its owner. */
  readonly claimed?: boolean;
  readonly customerId: string | null;
}

export interface CheckoutLine {
  readonly priceId: string;
  readonly quantity: number;
}

export interface InvoiceLine {
  readonly lineId: string;
  readonly priceId: string | null;
  readonly quantity: number;
  /** Minor units; negative for a credit. */
  readonly amount: number;
  readonly proration: boolean;
  /** What the line is paid for; null where nothing is said. */
  readonly period: { readonly startsAt: Date; readonly endsAt: Date } | null;
}

/** A refund or a dispute as the provider last told of it. */
export interface ReturnState {
  /** The provider's id of the refund or dispute. */
  readonly returnId: string;
  /** reversal: what a dispute took came back, told as a record of its own; its money counts against the others'. */
  readonly type: "refund" | "dispute" | "reversal";
  /** The provider's own word. */
  readonly status: string;
  /** How far along its life that status is: of states told in any order, the one that is furthest counts. */
  readonly stage: number;
  readonly money: Money;
  /** Whether the money has moved: of a refund, unless it failed; of a dispute, while it is withdrawn. */
  readonly stands: boolean;
  /** The payer's bank asks, and no money has left. */
  readonly inquiry: boolean;
  /** How a dispute ended; withdrawn: without a decision about money. Null while it is open, and of a refund. */
  readonly outcome: "won" | "lost" | "withdrawn" | null;
  /** By when a dispute can be answered. */
  readonly answerBy: Date | null;
}

/**
 * By what names the provider's refunds and disputes will call the payment, as far as they are known: of Stripe its payment
 * intent and its charge, of Paddle the transaction. Also the subjects of those events, which wait until it is told.
 */
export type PaymentReferences = readonly string[];

export type PaymentFact =
  | {
      /** A one-time checkout whose money is there (or that cost nothing). */
      readonly kind: "checkout_paid";
      readonly owner: Owner;
      readonly sessionId: string;
      readonly references: PaymentReferences;
      readonly paid: Money;
      readonly lines: readonly CheckoutLine[];
      /** The lines are the event's own word, because the provider did not answer: another look may find more. */
      readonly assumed: boolean;
    }
  | {
      /** A checkout that grants nothing itself: not paid yet, or its invoice or subscription grants. */
      readonly kind: "checkout_recorded";
      readonly owner: Owner;
      readonly sessionId: string;
      readonly invoiceId: string | null;
      readonly references: PaymentReferences;
      readonly paymentStatus: "unpaid" | "paid";
      readonly paid: Money;
    }
  | {
      readonly kind: "checkout_failed";
      readonly owner: Owner;
      readonly sessionId: string;
      readonly references: PaymentReferences;
      readonly due: Money;
    }
  | {
      readonly kind: "invoice_paid";
      readonly owner: Owner;
      /** The provider's id of the bill: Stripe's invoice, Paddle's transaction. */
      readonly invoiceId: string;
      readonly subscriptionId: string | null;
      readonly references: PaymentReferences;
      readonly paid: Money;
      readonly lines: readonly InvoiceLine[];
    }
  | {
      readonly kind: "invoice_payment_failed";
      readonly owner: Owner;
      readonly invoiceId: string;
      readonly subscriptionId: string | null;
      readonly due: Money;
      readonly attemptCount: number;
      /** Null: the provider will not try again by itself. Undefined: it does not say. */
      readonly nextAttemptAt?: Date | null | undefined;
    }
  | {
      /** A payment was made on an invoice: from now on refunds and disputes that name it are the invoice's. */
      readonly kind: "invoice_payment_made";
      readonly invoiceId: string;
      readonly references: PaymentReferences;
      readonly paid: Money;
    }
  | {
      readonly kind: "payment_returned";
      readonly references: PaymentReferences;
      /** The invoice that was paid, where the provider could be asked. */
      readonly invoiceId: string | null;
      readonly returned: ReturnState;
      /** Asked of the provider just now, and so true whatever was told before. */
      readonly current: boolean;
    }
  | {
      readonly kind: "trial_ending";
      readonly owner: Owner;
      readonly subscriptionId: string;
      readonly items: readonly SubscriptionItem[];
      readonly trialEnd: Date;
    }
  | {
      readonly kind: "subscription_changed";
      readonly owner: Owner;
      readonly subscription: SubscriptionState;
    };
