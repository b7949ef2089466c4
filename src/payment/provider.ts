// The payment provider port: a provider verifies what arrives, asks its API for what an effect needs, and says what
// happened as provider-neutral facts. Facts carry no credits: those come from the catalog, by price, on our side.

import type { CatalogPrice } from "./catalog.ts";

/** A verified inbound event, as it is stored. */
export interface InboundEvent {
  /** The provider's own id of the event, unique for each provider. */
  readonly id: string;
  readonly type: string;
  readonly apiVersion: string | null;
  readonly livemode: boolean | null;
  /**
   * What the event is about: events about one subject are handled one at a time. The provider's customer, or, where the
   * event names none, what else stays the same over all events about one thing, such as a payment.
   */
  readonly subject: string | null;
  /** False for types without an effect, and for events of the other mode: recorded, never handled. */
  readonly handled: boolean;
  /** The parsed body. */
  readonly payload: Record<string, unknown>;
}

/** Who a fact belongs to: the user that the provider's metadata names, else the stored owner of the customer. */
export interface Owner {
  readonly userId: string | null;
  /** The payer may have set the user id: it is whom this fact belongs to, but it moves no customer from its owner. */
  readonly claimed?: boolean;
  readonly customerId: string | null;
}

/** What was paid: amounts in the currency's minor unit. */
export interface Money {
  readonly amount: number;
  /** ISO 4217, lower case. */
  readonly currency: string;
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

export interface SubscriptionItem {
  readonly priceId: string;
  readonly quantity: number;
}

/** A provider's own words are mapped to these. */
export type SubscriptionStatus =
  | "incomplete"
  | "incomplete_expired"
  | "trialing"
  | "active"
  | "past_due"
  | "unpaid"
  | "paused"
  | "canceled";

export interface SubscriptionState {
  readonly subscriptionId: string;
  /** One of `SubscriptionStatus`; another word is stored and has no effect. */
  readonly status: SubscriptionStatus | (string & {});
  readonly items: readonly SubscriptionItem[];
  readonly currentPeriodStart: Date | null;
  readonly currentPeriodEnd: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly cancelAt: Date | null;
  readonly canceledAt: Date | null;
  readonly endedAt: Date | null;
  readonly trialEnd: Date | null;
  /**
   * When it was so, RFC 3339, where the provider tells it finely enough to order two states: an older one that is told
   * later changes nothing. Null: the state told last counts.
   */
  readonly asOf: string | null;
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

/** What `load` needs of its caller. */
export interface LoadContext {
  /** Aborted when the load's time is over. */
  readonly signal: AbortSignal;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Whether the event's own data may stand in for an answer that does not come. */
  readonly mayAssume: boolean;
  /** Whether the catalog has a price of this id; another is looked up by the name that was given to it at the provider. */
  readonly knowsPrice: (id: string) => boolean;
}

/** Something that the provider says happened, as an event, and what shows that it is known here. */
export interface Happened {
  readonly event: InboundEvent;
  /** `event`: it was received. `payment`: one of this session or invoice is paid. `return`: it has this status. */
  readonly proof: {
    readonly kind: "event" | "payment" | "return";
    readonly id: string;
    readonly status: string | null;
  };
}

export interface HappenedPage {
  /** What was read, such as `events` or `invoices`. */
  readonly of: string;
  readonly happened: readonly Happened[];
  /** Where the next page begins; null: this was the last. */
  readonly next: string | null;
}

export interface HappenedInput {
  readonly since: Date;
  readonly until: Date;
  /** The `next` of the page before; null: the first page. */
  readonly position: string | null;
  readonly signal: AbortSignal;
}

/** What is to be there at the provider. */
export interface SetUpInput {
  /** The catalog's prices: those with an amount are made where they are missing. */
  readonly prices: readonly CatalogPrice[];
  /** Where events are to be sent; undefined: no endpoint is made. */
  readonly webhookUrl?: string | undefined;
}

export interface SetUpResult {
  readonly prices: readonly {
    readonly id: string;
    /** The provider's own id. */
    readonly providerId: string | null;
    /** differs: it is there with another amount, currency or interval. unpriced: it is missing, and the catalog says no amount. */
    readonly outcome: "created" | "kept" | "differs" | "unpriced";
  }[];
  readonly endpoint: {
    readonly id: string;
    readonly outcome: "created" | "updated" | "kept";
    /** What the endpoint signs with: told once, when it is created. */
    readonly secret: string | null;
  } | null;
}

/** A price as the provider has it. */
export interface PriceState {
  readonly active: boolean;
  /** `other`: neither once, a month nor a year. */
  readonly interval: "month" | "year" | "once" | "other";
  /** Minor units by currency, in lower case; empty where the price has no fixed amount. */
  readonly amounts: Readonly<Record<string, number>>;
}

export interface PaymentProvider {
  /** Stored with every event and payment: it never changes. The last part of its webhook's path. */
  readonly name: string;
  /**
   * Names of fields of its events, at any depth, that tell of a person and that `load` does not read; erasing a user
   * removes them from stored events, beside the names that are known already.
   */
  readonly personalFields?: readonly string[] | undefined;
  /**
   * Verifies the raw body's signature and reads the event. Pure but for the clock; never touches the network.
   * @throws invalid_signature, invalid_request
   */
  verify(body: Uint8Array, headers: Headers): Promise<InboundEvent>;
  /**
   * Asks the provider for what the event alone does not tell, and answers the facts. No transaction is open.
   * @throws provider_unavailable when the provider must be asked and does not answer
   */
  load(event: InboundEvent, context: LoadContext): Promise<readonly PaymentFact[]>;
  /**
   * Reads a page of what happened in a span of time, so that what was never told is found. Absent where it can't be asked.
   * @throws provider_unavailable
   */
  readonly happened?: ((input: HappenedInput) => Promise<HappenedPage>) | undefined;
  /**
   * A price as the provider has it; null: it has no such price. Absent where it can't be asked.
   * @throws provider_unavailable
   */
  readonly price?: ((id: string, signal: AbortSignal) => Promise<PriceState | null>) | undefined;
  /**
   * Makes what is missing at the provider: products, prices, an endpoint that is sent exactly the events that have an
   * effect here. Run again it changes nothing. @throws provider_unavailable
   */
  readonly setUp?: ((input: SetUpInput) => Promise<SetUpResult>) | undefined;
  /** What is wrong with how the provider is set up to send its events here; nothing where it can't be asked. */
  readonly webhookProblems?: ((signal: AbortSignal) => Promise<readonly string[]>) | undefined;
}
