// What the engine announces. Facts only: words, language and channel are the notification layer's.

interface AnnouncementBase {
  /** Names the event announced: the same key is announced once, for ever. */
  readonly key: string;
}

export type Announcement = AnnouncementBase &
  (
    | {
        readonly kind: "payment.received";
        readonly userId: string;
        readonly amount: number;
        readonly currency: string;
        /** Names of the plans and packs paid for. */
        readonly items: readonly string[];
      }
    | {
        readonly kind: "payment.failed";
        readonly userId: string;
        readonly amount: number;
        readonly currency: string;
        readonly attemptCount: number | null;
        /** Undefined: the provider does not say. */
        readonly nextAttemptAt: Date | null | undefined;
      }
    | {
        /** A refund; or one that failed, so that the money is not with the payer after all. */
        readonly kind: "payment.refunded" | "payment.refund_failed";
        readonly userId: string | null;
        readonly returnId: string;
        readonly amount: number;
        readonly currency: string;
      }
    | {
        readonly kind: "payment.disputed";
        readonly userId: string | null;
        readonly returnId: string;
        readonly amount: number;
        readonly currency: string;
        /** The payer's bank asks and no money has left. */
        readonly inquiry: boolean;
        readonly answerBy: Date | null;
      }
    | {
        readonly kind: "payment.dispute_closed";
        readonly userId: string | null;
        readonly returnId: string;
        readonly amount: number;
        readonly currency: string;
        /** withdrawn: it ended without a decision about money. */
        readonly outcome: "won" | "lost" | "withdrawn";
      }
    | {
        readonly kind: "subscription.trial_ending";
        readonly userId: string;
        readonly subscriptionId: string;
        readonly planName: string | null;
        readonly endsAt: Date;
      }
    | {
        readonly kind: "subscription.cancelled";
        readonly userId: string;
        readonly subscriptionId: string;
        readonly planName: string | null;
        /** Null: it has ended. */
        readonly endsAt: Date | null;
      }
    | {
        readonly kind: "credits.low";
        readonly userId: string;
        readonly unit: string;
        readonly available: number;
        /** Credits below which the balance is low. */
        readonly level: number;
        /** Null: the level is an amount, and no part of the last refill. */
        readonly percent: number | null;
      }
    | { readonly kind: "credits.exhausted"; readonly userId: string; readonly unit: string }
    | {
        readonly kind: "credits.expiring";
        readonly userId: string;
        readonly unit: string;
        readonly amount: number;
        readonly expiresAt: Date;
      }
    | {
        /** A comparison with the provider found events that never came, or what keeps them from coming. */
        readonly kind: "payment.events_missed";
        readonly provider: string;
        readonly since: Date;
        readonly until: Date;
        readonly seen: number;
        readonly missing: number;
        readonly problems: readonly string[];
      }
    | {
        /** An automatic top-up was declined. */
        readonly kind: "top_up.failed";
        readonly userId: string;
        readonly priceId: string;
        /** The provider's own word, such as `insufficient_funds`; or `no_payment_method`, `price_unavailable`. */
        readonly reason: string;
        /** Null: it is suspended until `autoTopUp.retry`. */
        readonly nextAttemptAt: Date | null;
        readonly suspended: boolean;
      }
    | {
        /** The payer's bank asks for the payer. */
        readonly kind: "top_up.action_required";
        readonly userId: string;
        readonly priceId: string;
        /** Where the payer can pay. */
        readonly payUrl: string | null;
        /** It is given up then. */
        readonly expiresAt: Date;
      }
    | {
        /** No more is bought this month, although little is left. */
        readonly kind: "top_up.limit_reached";
        readonly userId: string;
        readonly maxPerMonth: number;
        readonly resetsAt: Date;
      }
    | {
        readonly kind: "task.dead";
        readonly taskId: number;
        readonly taskName: string;
        readonly attempts: number;
        readonly error: string;
      }
    | {
        readonly kind: "cron.missed";
        readonly name: string;
        readonly dueAt: Date;
        readonly claimedAt: Date;
        readonly missed: number;
      }
    | {
        readonly kind: "audit.failed";
        /** The run of the audit; it is announced once, when it first finds something. */
        readonly runId: number;
        /** Found so far. */
        readonly violations: number;
        /** The first of them; accounts by their number, since what is announced outlives the erasure of a user. */
        readonly findings: readonly {
          readonly accountId: string | null;
          readonly equation: string;
          readonly detail: string;
        }[];
      }
    | {
        readonly kind: "endpoint.disabled";
        /** Whose the endpoint is; null: the product's own. */
        readonly userId: string | null;
        readonly endpointId: string;
        readonly host: string;
        /** failing: nothing was taken for days. gone: it said so (410). */
        readonly reason: "failing" | "gone";
      }
  );

/** A subscription's state became another. For subscribers of events only: no channel is told. */
export interface SubscriptionChanged extends AnnouncementBase {
  readonly kind: "subscription.changed";
  readonly userId: string;
  readonly subscriptionId: string;
  /** The provider's own word. */
  readonly status: string;
  readonly planId: string | null;
  readonly priceId: string | null;
  readonly quantity: number;
  readonly currentPeriodEnd: Date | null;
  /** When a cancellation that is scheduled takes effect. */
  readonly endsAt: Date | null;
}
export type AnnouncementKind = Announcement["kind"];
