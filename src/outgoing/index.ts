// Outgoing events as a whole: published to hooks and endpoints, delivered by tasks, forgotten after a while.
import { runBatches } from "../credits/batches.ts";
import type { Database, Queryable } from "../db/database.ts";
import type { Announcement, SubscriptionChanged } from "../kernel/announcement.ts";
import { eventOf, type EventType, type OutgoingEvent } from "../kernel/outgoing-event.ts";
import { createPublicFetch, type PublicFetch } from "../kernel/public-fetch.ts";
import { enqueueTask } from "../tasks/enqueue.ts";
import type { TaskDefinition } from "../tasks/task.ts";
import { deliverEventTask, type DeliverOptions } from "./deliver.ts";
import { createDeliveryLog, type DeliveryLog } from "./deliveries.ts";
import { createEndpoints, watchForEndpoints, type EndpointManagement } from "./endpoints.ts";
import { checkHooks, hookedTypes, hookOf, HOOK_TASK, hookTask, runsWithEffect, type EventHooks } from "./hooks.ts";
import { MAX_ATTEMPTS } from "./schedule.ts";

export interface EndpointRules {
  /** Allows loopback addresses, and plain http to them. For tests; never in production. */
  readonly allowPrivateHosts?: boolean | undefined;
  /** How long events, deliveries and their log are kept after they ended; default 30 days. */
  readonly keepDays?: number | undefined;
  /** In place of the library's own, which can't be led to an address that is not public. */
  readonly fetch?: PublicFetch | undefined;
}

export type Endpoints = EndpointManagement & DeliveryLog;

export interface Outgoing {
  readonly endpoints: Endpoints;
  readonly tasks: readonly TaskDefinition[];
  readonly hookedTypes: readonly EventType[];
  /** Calls the hook of an event, if there is one. */
  callHook(event: OutgoingEvent, context: { readonly tx: Queryable }): Promise<void>;
  /**
   * Publishes an announcement once for its key, in the caller's transaction: calls its hook, or has it called; then `between`;
   * then makes the deliveries. In this order because hooks lock accounts, and deliveries lanes.
   */
  publish(tx: Queryable, announcement: Announcement | SubscriptionChanged, between: () => Promise<void>): Promise<void>;
  /** Makes the deliveries of events whose hooks have been seen to, in their order. */
  deliver(tx: Queryable, events: readonly OutgoingEvent[]): Promise<void>;
  /** Has the journal noted for endpoints as they are, and forgets what is old. */
  maintain(budgetMs: number): Promise<{ readonly forgotten: number }>;
}

export interface OutgoingOptions {
  readonly database: Database;
  readonly hooks: EventHooks;
  readonly rules: EndpointRules;
  /** Of the tasks that call hooks. */
  readonly maxAttempts: number;
  readonly onDisabled: DeliverOptions["onDisabled"];
}

const KEEP_DAYS = 30;
const FORGET_BATCH = 500;

export function createOutgoing({ database, hooks, rules, maxAttempts, onDisabled }: OutgoingOptions): Outgoing {
  checkHooks(hooks);
  const allowLoopback = rules.allowPrivateHosts ?? false;
  const fetch = rules.fetch ?? createPublicFetch({ allowLoopback });
  return {
    endpoints: { ...createEndpoints(database, { allowLoopback }), ...createDeliveryLog(database) },
    tasks: [deliverEventTask({ database, fetch, onDisabled }), hookTask(database, hooks)],
    hookedTypes: hookedTypes(hooks),
    async callHook(event, context) {
      await hookOf(hooks, event.type)?.(event, context);
    },
    async publish(tx, announcement, between) {
      const hook = hookOf(hooks, announcement.kind);
      const [stored] = await store(tx, [asStored(announcement, hook !== undefined)]);
      if (stored !== undefined && hook !== undefined) {
        if (runsWithEffect(announcement.kind)) await hook(eventOf(announcement, new Date(stored.at)), { tx });
        else
          await enqueueTask(tx, {
            name: HOOK_TASK,
            payload: { eventId: stored.id, type: announcement.kind },
            maxAttempts,
          });
      }
      await between();
      if (stored !== undefined) await send(tx, [stored.id]);
    },
    async deliver(tx, events) {
      const stored = await store(
        tx,
        events.map(({ key, type, timestamp: at, data }) => ({
          key,
          type,
          at,
          data,
          userId: userOf(data),
          wanted: false,
        })),
      );
      if (stored.length > 0) {
        await send(
          tx,
          stored.map(({ id }) => id),
        );
      }
    },
    async maintain(budgetMs) {
      await watchForEndpoints(database);
      const { done } = await runBatches(
        { budgetMs, batchSize: FORGET_BATCH },
        {
          runBatch: async (batchSize) => {
            const [row] = await database.query<{ forgotten: number }>(
              "select tallystick.forget_events($1, $2) as forgotten",
              [rules.keepDays ?? KEEP_DAYS, batchSize],
            );
            const forgotten = row?.forgotten ?? 0;
            return { done: forgotten, next: forgotten > 0 ? {} : null };
          },
        },
      );
      return { forgotten: done };
    },
  };
}

interface StoredEvent {
  readonly key: string;
  readonly type: EventType;
  readonly userId: string | null;
  readonly data: unknown;
  /** Null: now. */
  readonly at: Date | null;
  /** Whether there is a hook for it. */
  readonly wanted: boolean;
}

function asStored({ kind: type, key, ...data }: Announcement | SubscriptionChanged, wanted: boolean): StoredEvent {
  return { key, type, data, at: null, wanted, userId: userOf(data) };
}

function userOf(data: object): string | null {
  return "userId" in data && typeof data.userId === "string" ? data.userId : null;
}

/** Stores events that a hook or an endpoint wants and that were not told before; answers those. */
async function store(
  tx: Queryable,
  events: readonly StoredEvent[],
): Promise<readonly { readonly id: number; readonly at: string }[]> {
  const [row] = await tx.query<{ stored: { id: number; at: string }[] }>(
    "select tallystick.store_events($1) as stored",
    [JSON.stringify(events)],
  );
  return row?.stored ?? [];
}

async function send(tx: Queryable, eventIds: readonly number[]): Promise<void> {
  await tx.query("select tallystick.send_events($1, $2)", [eventIds, MAX_ATTEMPTS]);
}
