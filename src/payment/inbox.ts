// The inbox: verified events, stored before anyone answers 200, and handled by a task of the provider customer's lane.
import type { Database, Queryable } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import { gatherCalls } from "../kernel/gather.ts";
import { inSpan, traceparent } from "../kernel/telemetry.ts";
import { replayTask, type ListInput, type Page } from "../tasks/inspect.ts";
import type { InboundEvent } from "./inbound-event.ts";
import type { PaymentProvider } from "./provider.ts";

export type EventStatus = "pending" | "processed" | "ignored" | "dead";

/** accepted: stored now, with its task. duplicate: known before, nothing written. ignored: recorded, without its body. */
export type ReceiveOutcome = "accepted" | "duplicate" | "ignored";

export interface Inbox {
  /**
   * Verifies a webhook's raw body and stores the event with its task, in one statement with those that come while others
   * are being stored. When this returns, the event is durable and may be acknowledged.
   * @throws invalid_signature, invalid_request, storage_unavailable
   */
  receive(provider: PaymentProvider, body: Uint8Array, headers: Headers): Promise<ReceiveOutcome>;
}

/**
 * The lane of what a provider's events are about, such as a customer or a payment: they are handled one at a time, from
 * re-reading to applying.
 */
export function subjectLane(provider: string, subject: string): string {
  return `${provider}:${subject}`.slice(0, 255);
}

// Two statements under way, so that one's answer is read while the other is written.
const TOGETHER = {
  maxItems: 100,
  maxSize: 1024 * 1024,
  maxInFlight: 2,
  patienceMs: 10_000,
  sizeOf: (row: string) => row.length,
};

export function createInbox(database: Database, maxAttempts: number): Inbox {
  const store = gatherCalls(async (rows: readonly string[]) => storeRows(database, rows, maxAttempts), TOGETHER);
  return {
    async receive(provider, body, headers) {
      return inSpan("webhook.receive", { attributes: { "tallystick.provider": provider.name } }, async (note) => {
        const event = await provider.verify(body, headers);
        const outcome = await store(toRow(provider.name, event));
        note({ "tallystick.event.type": event.type, "tallystick.outcome": outcome });
        return outcome;
      });
    },
  };
}

/** Stores events that are known to be true, with their tasks, in one statement; answers their outcomes in order. */
export async function storeEvents(
  queryable: Queryable,
  provider: string,
  events: readonly InboundEvent[],
  maxAttempts: number,
): Promise<readonly ReceiveOutcome[]> {
  const rows = events.map((event) => toRow(provider, event));
  return storeRows(queryable, rows, maxAttempts);
}

function toRow(provider: string, event: InboundEvent): string {
  const { id, type, apiVersion, livemode, handled, subject } = event;
  const lane = subject === null ? null : subjectLane(provider, subject);
  // That an event without effect came is kept, and not what it tells of a person, who may have been erased by then.
  const payload = handled ? event.payload : null;
  return storableJson({
    provider,
    eventId: id,
    type,
    apiVersion,
    livemode,
    handled,
    lane,
    payload,
    traceparent: traceparent(),
  });
}

async function storeRows(
  queryable: Queryable,
  rows: readonly string[],
  maxAttempts: number,
): Promise<readonly ReceiveOutcome[]> {
  const [answer] = await queryable.query<{ outcomes: readonly ReceiveOutcome[] }>(
    "select tallystick.receive_events($1, $2) as outcomes",
    [`[${rows.join(",")}]`, maxAttempts],
  );
  if (answer === undefined) throw new TallystickError("storage_unavailable", "The events could not be stored.");
  return answer.outcomes;
}

// jsonb refuses U+0000 and half a surrogate pair, and an event must not be lost for a stray character in a name: the
// replacement character stands for it. An even number of backslashes before it means that it is the escape and not a
// literal backslash. JSON.stringify writes a surrogate as an escape only when its other half is missing.
const unstorable = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

function storableJson(event: Record<string, unknown>): string {
  return stringify(event).replace(unstorable, "$1\ufffd");
}

// What was parsed can be written again, unless the stack does not reach: no other try would end better.
function stringify(event: Record<string, unknown>): string {
  try {
    return JSON.stringify(event);
  } catch (cause) {
    throw new TallystickError("invalid_request", "The event's JSON is nested too deeply to be stored.", { cause });
  }
}

interface StoredEvent {
  readonly provider: string;
  readonly event_id: string;
  readonly type: string;
  readonly api_version: string | null;
  readonly livemode: boolean | null;
  readonly payload: Record<string, unknown>;
}

/** Reads a stored event back as the provider of that name knows it. */
export async function readEvent(
  queryable: Queryable,
  id: number,
): Promise<{ readonly provider: string; readonly event: InboundEvent }> {
  const [row] = await queryable.query<StoredEvent>(
    "select provider, event_id, type, api_version, livemode, payload from tallystick.webhook_event where id = $1 and payload is not null",
    [id],
  );
  if (row === undefined) throw new TallystickError("not_found", `There is no event ${id}.`);
  const event = {
    id: row.event_id,
    type: row.type,
    apiVersion: row.api_version,
    livemode: row.livemode,
    subject: null,
    handled: true,
    payload: row.payload,
  };
  return { provider: row.provider, event };
}

export async function markEvent(tx: Queryable, id: number, status: "pending" | "dead"): Promise<void> {
  await tx.query("update tallystick.webhook_event set status = $2 where id = $1", [id, status]);
}

export interface EventView {
  readonly id: string;
  readonly provider: string;
  readonly eventId: string;
  readonly type: string;
  readonly status: EventStatus;
  readonly apiVersion: string | null;
  readonly livemode: boolean | null;
  readonly taskId: string | null;
  readonly receivedAt: Date;
  readonly processedAt: Date | null;
}

/** Lists events, newest first, without their bodies. */
export async function listEvents(database: Database, input: ListInput<EventStatus>): Promise<Page<EventView>> {
  const limit = input.limit ?? 20;
  const rows = await database.query<Omit<EventView, "id" | "taskId"> & { id: number; taskId: number | null }>(
    `select id, provider, event_id as "eventId", type, status, api_version as "apiVersion", livemode, task_id as "taskId",
       received_at as "receivedAt", processed_at as "processedAt"
     from tallystick.webhook_event
     where ($1::text is null or status = $1) and ($2::bigint is null or id < $2) order by id desc limit $3`,
    [input.status ?? null, input.cursor ?? null, limit + 1],
  );
  const items = rows
    .slice(0, limit)
    .map((row) => ({ ...row, id: String(row.id), taskId: row.taskId === null ? null : String(row.taskId) }));
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/**
 * Handles an event again: the same rows, whatever became of them. `id` is ours or the provider's.
 * @throws not_found, invalid_state for an event without a task, and while its task runs
 */
export async function replayEvent(database: Database, id: string, actor: string, reason?: string): Promise<void> {
  const isOurs = /^\d{1,15}$/.test(id);
  await database.transaction(async (tx) => {
    const [event] = await tx.query<{ id: number; task_id: number | null; type: string }>(
      `select id, task_id, type from tallystick.webhook_event where ${isOurs ? "id = $1" : "event_id = $1"} order by id limit 1`,
      [id],
    );
    if (event === undefined) throw new TallystickError("not_found", `There is no event ${id.slice(0, 80)}.`);
    if (event.task_id === null) {
      throw new TallystickError(
        "invalid_state",
        `Event ${id} of type ${event.type} has no effect here, or had it so long ago that its body was removed; there is nothing to replay.`,
      );
    }
    await replayTask(tx, String(event.task_id), actor, reason);
    await markEvent(tx, event.id, "pending");
  });
}
