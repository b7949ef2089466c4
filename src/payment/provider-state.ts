// Sums and subscriptions as a provider knows them, in words of ours.

/** What was paid: amounts in the currency's minor unit. */
export interface Money {
  readonly amount: number;
  /** ISO 4217, lower case. */
  readonly currency: string;
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
