// Events that are entries of the journal: which type of event each type of entry is, and what is told of it.
import type { EntryData, EntryEventType, OutgoingEvent } from "../kernel/outgoing-event.ts";
import type { CreditType } from "./input.ts";

const entryTypes: Readonly<Record<EntryEventType, readonly CreditType[]>> = {
  "credits.granted": [
    "register_gift",
    "monthly_refresh",
    "subscription_renewal",
    "lifetime_monthly",
    "purchase_package",
  ],
  "credits.rolled_over": ["rollover"],
  "credits.adjusted": ["adjustment"],
  "credits.consumed": ["usage"],
  "credits.expired": ["expire"],
  "credits.refunded": ["refund"],
  "credits.clawed_back": ["clawback"],
  "credits.reinstated": ["reinstate"],
  "credits.transferred": ["transfer_in", "transfer_out"],
};

const eventTypes = Object.fromEntries(
  Object.entries(entryTypes).flatMap(([event, types]) => types.map((type) => [type, event])),
) as Record<CreditType, EntryEventType>;

/** The types of entries that these types of events are; those that are no entries are passed over. Sorted. */
export function entryTypesOf(events: readonly string[]): readonly CreditType[] {
  return [...new Set(events)]
    .flatMap((event) => (Object.hasOwn(entryTypes, event) ? entryTypes[event as EntryEventType] : []))
    .toSorted();
}

/** An entry as the outbox answers it. */
export interface NotedEntry extends Omit<EntryData, "type" | "expiresAt"> {
  readonly accountId: number;
  readonly type: CreditType;
  readonly expiresAt: string | null;
  readonly at: string;
}

export function entryEvent({ accountId: _accountId, at, ...entry }: NotedEntry): OutgoingEvent<EntryEventType> {
  const type = eventTypes[entry.type];
  const expiresAt = entry.expiresAt === null ? null : new Date(entry.expiresAt);
  return { key: `${type}:${entry.transactionId}`, type, timestamp: new Date(at), data: { ...entry, expiresAt } };
}
