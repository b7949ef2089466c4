// Events as rows, and as what an endpoint or the events' list shows.
import type { Queryable } from "../../../../db/database.ts";
import type { Json } from "../../stripe/read.ts";
import { formerValues } from "../shape/difference.ts";
import { render } from "../shape/render.ts";
import { createId } from "../store/ids.ts";

/** The request that caused an event; nulls where time did. */
export interface Cause {
  readonly id: string | null;
  readonly idempotency_key: string | null;
}

export interface EventRow {
  readonly id: string;
  readonly type: string;
  readonly created: number;
  readonly api_version: string;
  readonly object: Json;
  readonly before: Json | null;
  readonly request: Cause;
}

export interface EventToWrite extends Omit<EventRow, "id"> {}

// The events besides *.updated that tell former values, as recorded.
const tellingChange = new Set(["charge.captured", "charge.refunded", "payment_method.detached"]);

function tellsFormerValues(type: string): boolean {
  return type.endsWith(".updated") || tellingChange.has(type);
}

export async function writeEvent(tx: Queryable, event: EventToWrite): Promise<string> {
  const id = createId("evt");
  await tx.query(
    `insert into tallystick_sandbox.event (id, type, created, api_version, object, before, request)
     values ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7::jsonb)`,
    [
      id,
      event.type,
      event.created,
      event.api_version,
      JSON.stringify(event.object),
      event.before !== null && tellsFormerValues(event.type) ? JSON.stringify(event.before) : null,
      JSON.stringify(event.request),
    ],
  );
  return id;
}

/** The event as an API version shows it. */
export function renderEvent(event: EventRow, version: string, pendingWebhooks: number): Json {
  const object = render(event.object, version) as Json;
  const before = event.before === null ? null : (render(event.before, version) as Json);
  return {
    id: event.id,
    object: "event",
    api_version: version,
    created: event.created,
    data: { object, ...(before !== null && { previous_attributes: formerValues(before, object) }) },
    livemode: false,
    pending_webhooks: pendingWebhooks,
    request: event.request,
    type: event.type,
  };
}
