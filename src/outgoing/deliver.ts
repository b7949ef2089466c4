// The task that delivers one event to one endpoint: at least once, under one webhook-id, on the schedule of Standard
// Webhooks. An endpoint that is gone or takes nothing for days is disabled here.
import type { Database, Queryable } from "../db/database.ts";
import type { PublicFetch } from "../kernel/public-fetch.ts";
import { defineTask, discard, retryLater, type TaskDefinition } from "../tasks/task.ts";
import { disable, type DisabledEndpoint } from "./disable.ts";
import { payloadOf } from "./payload.ts";
import { deliveryDelayMs, DISABLE_AFTER_MS, MAX_ATTEMPTS } from "./schedule.ts";
import { send, SEND_TIMEOUT_MS, type SendOutcome } from "./send.ts";

export const DELIVER_EVENT_TASK = "deliver-event";

// An endpoint that did not answer twice is asked once in so long, so that what waits for it keeps no runner busy.
const UNANSWERED_PAUSE_MS = 30_000;
// And one that takes longer than this for an answer rests as long as it took: half of the time is others'.
const SLOW_MS = 3_000;

export interface DeliverOptions {
  readonly database: Database;
  readonly fetch: PublicFetch;
  /** Called in the transaction that disables an endpoint. */
  readonly onDisabled: (tx: Queryable, endpoint: DisabledEndpoint) => Promise<void>;
}

interface StoredDelivery {
  readonly id: number;
  readonly status: string;
  readonly endpointId: number;
  readonly url: string;
  readonly secrets: readonly string[];
  readonly endpointStatus: string;
  readonly pausedMs: number | null;
  readonly failing: boolean;
  readonly webhookId: string;
  readonly type: string;
  readonly timestamp: Date;
  readonly data: unknown;
}

export function deliverEventTask(options: DeliverOptions): TaskDefinition<SendOutcome | undefined> {
  const { database } = options;
  return defineTask<SendOutcome | undefined>({
    name: DELIVER_EVENT_TASK,
    maxAttempts: MAX_ATTEMPTS,
    // The lease is 30 s; the time-out of the request ends it before this one.
    loadTimeoutMs: SEND_TIMEOUT_MS + 3_000,
    retryDelayMs: deliveryDelayMs,
    async load({ payload, attempt, signal }) {
      const delivery = await readDelivery(database, Number(payload["deliveryId"]));
      if (delivery === undefined) throw discard("the delivery is gone");
      if (delivery.status === "delivered") return undefined;
      if (delivery.endpointStatus !== "enabled") throw discard("the endpoint is disabled");
      if (delivery.data === null) throw discard("the event's data is forgotten");
      if (delivery.pausedMs !== null) throw retryLater("the endpoint is left alone for now", delivery.pausedMs, true);
      return deliver(options, delivery, { attempt, signal });
    },
    async run({ tx, payload }) {
      await finish(tx, Number(payload["deliveryId"]), "delivered");
    },
    async onDead({ tx, payload }) {
      await finish(tx, Number(payload["deliveryId"]), "failed");
    },
  });
}

async function deliver(
  { database, fetch, onDisabled }: DeliverOptions,
  delivery: StoredDelivery,
  { attempt, signal }: { readonly attempt: number; readonly signal: AbortSignal },
): Promise<SendOutcome> {
  const { url, secrets, webhookId } = delivery;
  const outcome = await send(fetch, { url, secrets, webhookId, body: payloadOf(delivery), signal });
  // The worker stops: the attempt is no fault of the endpoint's.
  if (outcome.outcome === "unanswered" && signal.aborted) throw new Error(outcome.error ?? "aborted");
  const restMs = outcome.durationMs > SLOW_MS ? outcome.durationMs : null;
  const pauseMs =
    outcome.retryAfterMs ?? (outcome.outcome === "unanswered" && delivery.failing ? UNANSWERED_PAUSE_MS : restMs);
  const [row] = await database.query<{ failing_ms: number | null }>(
    `select (extract(epoch from tallystick.clock() - tallystick.record_attempt($1, $2, $3, $4, $5, $6)) * 1000)::bigint as failing_ms`,
    [delivery.id, outcome.outcome === "delivered", outcome.status, outcome.error, outcome.durationMs, pauseMs],
  );
  if (outcome.outcome === "delivered") return outcome;
  const error = outcome.error ?? "not delivered";
  const reason = outcome.outcome === "gone" ? "gone" : "failing";
  // A first attempt that fails says nothing of the days before, in which nothing may have been sent.
  if (reason === "gone" || (attempt > 1 && (row?.failing_ms ?? 0) >= DISABLE_AFTER_MS)) {
    await database.transaction(async (tx) => disable(tx, delivery.endpointId, reason, onDisabled));
    throw discard(error);
  }
  if (outcome.retryAfterMs !== undefined) throw retryLater(error, outcome.retryAfterMs, true);
  throw new Error(error);
}

async function readDelivery(database: Database, id: number): Promise<StoredDelivery | undefined> {
  const [row] = await database.query<StoredDelivery>(
    `select delivery.id, delivery.status, endpoint.id as "endpointId", endpoint.url, endpoint.status as "endpointStatus",
       case when endpoint.previous_secret_until > tallystick.clock() then jsonb_build_array(secret, previous_secret)
         else jsonb_build_array(secret) end as secrets,
       case when endpoint.paused_until > tallystick.clock()
         then (extract(epoch from endpoint.paused_until - tallystick.clock()) * 1000)::bigint end as "pausedMs",
       endpoint.failing_since is not null as failing,
       event.webhook_id as "webhookId", event.type, event.occurred_at as timestamp, event.data
     from tallystick.outgoing_delivery delivery
     join tallystick.outgoing_event event on event.id = delivery.event_id
     join tallystick.webhook_endpoint endpoint on endpoint.id = delivery.endpoint_id
     where delivery.id = $1`,
    [id],
  );
  return row;
}

async function finish(tx: Queryable, id: number, status: "delivered" | "failed"): Promise<void> {
  // What was cancelled meanwhile with its endpoint stays so, unless it has arrived.
  await tx.query(
    `update tallystick.outgoing_delivery set status = $2, finished_at = coalesce(finished_at, tallystick.clock())
     where id = $1 and ($2 = 'delivered' or status = 'pending')`,
    [id, status],
  );
}
