// What subscribers are told of: every type of event with its data, the same in process and over HTTP.
import type { Announcement, SubscriptionChanged } from "./announcement.ts";

/** What is told of one entry of the journal. */
export interface EntryData {
  readonly userId: string;
  readonly unit: string;
  readonly transactionId: string;
  /** The first entry that the same operation wrote. */
  readonly operationId: string;
  /** The entry's own type, such as `purchase_package`. */
  readonly type: string;
  /** As in the journal: negative where credits went. */
  readonly amount: number;
  readonly balanceAfter: number;
  /** The entry's number in its account: 1, 2, 3, … without a gap. */
  readonly sequence: number;
  readonly paymentId: string | null;
  /** The debit that a refund or a reinstatement gives back. */
  readonly refundOfId: string | null;
  /** When credits that came expire. */
  readonly expiresAt: Date | null;
  readonly feature: string | null;
  readonly member: string | null;
  readonly idempotencyKey: string | null;
}

/** Events of which each is one entry of the journal, whoever wrote it; every type of entry belongs to one of them. */
export const entryEventTypes = [
  "credits.granted",
  "credits.rolled_over",
  "credits.adjusted",
  "credits.consumed",
  "credits.expired",
  "credits.refunded",
  "credits.clawed_back",
  "credits.reinstated",
  "credits.transferred",
] as const;
export type EntryEventType = (typeof entryEventTypes)[number];

type Announced = {
  readonly [A in Announcement | SubscriptionChanged as A["kind"]]: Omit<A, "kind" | "key">;
};

/** The data of each type of event. */
export type EventData = Announced & { readonly [Type in EntryEventType]: EntryData };
export type EventType = keyof EventData;

const announcedTypes = {
  "credits.low": true,
  "credits.exhausted": true,
  "credits.expiring": true,
  "payment.received": true,
  "payment.failed": true,
  "payment.refunded": true,
  "payment.refund_failed": true,
  "payment.disputed": true,
  "payment.dispute_closed": true,
  "payment.events_missed": true,
  "subscription.changed": true,
  "subscription.cancelled": true,
  "subscription.trial_ending": true,
  "top_up.failed": true,
  "top_up.action_required": true,
  "top_up.limit_reached": true,
  "task.dead": true,
  "cron.missed": true,
  "audit.failed": true,
  "endpoint.disabled": true,
} as const satisfies Record<keyof Announced, true>;

export const eventTypes: readonly EventType[] = [
  ...entryEventTypes,
  ...(Object.keys(announcedTypes) as (keyof Announced)[]),
];

/** The one type that is as frequent as use itself: whoever wants it names it. */
export const HOT_EVENT_TYPE: EventType = "credits.consumed";

export type OutgoingEvent<Type extends EventType = EventType> = {
  readonly [T in Type]: {
    /** Names the event: the same however often it is told. */
    readonly key: string;
    readonly type: T;
    readonly timestamp: Date;
    readonly data: EventData[T];
  };
}[Type];

/** The event that an announcement is. */
export function eventOf(announcement: Announcement | SubscriptionChanged, timestamp: Date): OutgoingEvent {
  const { kind: type, key, ...data } = announcement;
  return { key, type, timestamp, data } as OutgoingEvent;
}
