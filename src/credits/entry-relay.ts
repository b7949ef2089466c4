// The relay of the journal's outbox: entries that a consumer waits for are told, at least once each, those of an account in
// their order.
import type { Database, Queryable } from "../db/database.ts";
import type { EntryEventType, OutgoingEvent } from "../kernel/outgoing-event.ts";
import type { BudgetInput } from "./batches.ts";
import { callFunction } from "./context.ts";
import { entryEvent, entryTypesOf, type NotedEntry } from "./entry-events.ts";
import { runRelay, type RelayHook, type RelayResult } from "./relay.ts";

export type EntryEvent = OutgoingEvent<EntryEventType>;
export type EntryConsumer = "hooks" | "endpoints";

/** Sets which types of events a consumer is told of; exact from the transaction's commit on. Answers whether it changed. */
export async function watchEntries(
  queryable: Queryable,
  consumer: EntryConsumer,
  eventTypes: readonly string[],
): Promise<boolean> {
  return callFunction(queryable, "watch_entries", {
    p_consumer: consumer,
    p_event_types: [...new Set(eventTypes)].toSorted(),
    p_entry_types: entryTypesOf(eventTypes),
  });
}

/**
 * Says that this process has hooks for these types; what all processes have is watched. A type that none has had for a week
 * is dropped. Answers whether anything was written.
 */
export async function watchHooks(queryable: Queryable, eventTypes: readonly string[]): Promise<boolean> {
  const hooks = Object.fromEntries(eventTypes.map((type) => [type, entryTypesOf([type])]));
  return callFunction(queryable, "watch_hooks", { p_hooks: JSON.stringify(hooks) });
}

export interface EntryListeners {
  /** Only events of these types; default all. Those that another process has hooks for are left to it. */
  readonly eventTypes?: readonly string[] | undefined;
  /** Called for each, in a savepoint; when it throws, the account's later entries wait with it. */
  readonly hook?: RelayHook<EntryEvent> | undefined;
  readonly onHookFailure: (event: EntryEvent, error: unknown) => void;
  readonly tell: (tx: Queryable, events: readonly EntryEvent[]) => Promise<void>;
}

interface Noted {
  readonly entry: NotedEntry;
  readonly event: EntryEvent;
}

/** Tells what was noted for a consumer and not told. Safe when called twice at once or stopped at any point. */
export async function relayEntries(
  database: Database,
  consumer: EntryConsumer,
  { eventTypes, hook, onHookFailure, tell }: EntryListeners,
  budget?: BudgetInput,
): Promise<RelayResult> {
  const of = { p_consumer: consumer, p_types: eventTypes === undefined ? undefined : entryTypesOf(eventTypes) };
  return runRelay<Noted>(
    database,
    {
      isDue: async () => callFunction<boolean>(database, "entries_are_due", of),
      async claim(tx, batchSize) {
        const { claimed, entries } = await callFunction<{ claimed: number; entries: readonly NotedEntry[] }>(
          tx,
          "claim_entries",
          { ...of, p_batch: batchSize },
        );
        return { claimed, items: entries.map((entry) => ({ entry, event: entryEvent(entry) })) };
      },
      hook: hook === undefined ? undefined : async ({ event }, context) => hook(event, context),
      onHookFailure: ({ event }, error) => onHookFailure(event, error),
      orderOf: ({ entry }) => entry.accountId,
      tell: async (tx, items) =>
        tell(
          tx,
          items.map(({ event }) => event),
        ),
      async settle(tx, told, failures) {
        const position = ({ accountId, sequence }: NotedEntry) => ({ accountId, sequence });
        await callFunction(tx, "settle_entries", {
          p_consumer: consumer,
          p_told: JSON.stringify(told.map(({ entry }) => position(entry))),
          p_failed: JSON.stringify(failures.map(({ item, error }) => ({ ...position(item.entry), error }))),
        });
      },
    },
    budget,
  );
}
