// Which endpoint is told of an event, how often and when: one row of the outbox for each delivery, written with the
// event. The endpoint's misbehaviour is decided here, once, so that a restart does not change it.
import type { Queryable } from "../../../../db/database.ts";
import type { Misbehaviour, WebhookEndpoint } from "../store/billing-document.ts";
import { writeEvent, type EventToWrite } from "./event.ts";

// How far an event that is told out of order is held back: long enough for others to overtake it.
const REORDER_WITHIN_MS = 2_000;

export const goodBehaviour: Misbehaviour = {
  duplicate_rate: 0,
  reorder_rate: 0,
  delay_ms: 0,
  drop_rate: 0,
  second_event_rate: 0,
  sign_with_old_secret: false,
};

/** Writes the event, and a delivery for each endpoint that wants it. */
export async function tell(
  tx: Queryable,
  event: EventToWrite,
  { endpoints, random }: { endpoints: readonly WebhookEndpoint[]; random: () => number },
): Promise<void> {
  const eventId = await writeEvent(tx, event);
  for (const endpoint of endpoints.filter(({ enabled_events: wanted }) => isWanted(event.type, wanted))) {
    const { second_event_rate: rate, ...misbehaviour } = endpoint._misbehaviour;
    await deliver(tx, { eventId, endpoint, misbehaviour, random });
    if (random() < rate) {
      await deliver(tx, { eventId: await writeEvent(tx, event), endpoint, misbehaviour, random });
    }
  }
}

export function isWanted(type: string, wanted: readonly string[]): boolean {
  return wanted.includes("*") || wanted.includes(type);
}

interface PlannedDelivery {
  readonly eventId: string;
  readonly endpoint: WebhookEndpoint;
  readonly misbehaviour: Omit<Misbehaviour, "second_event_rate">;
  readonly random: () => number;
}

async function deliver(tx: Queryable, { eventId, endpoint, misbehaviour, random }: PlannedDelivery): Promise<void> {
  const { drop_rate, duplicate_rate, reorder_rate, delay_ms } = misbehaviour;
  const status = random() < drop_rate ? "dropped" : "pending";
  const copies = random() < duplicate_rate ? 2 : 1;
  for (let copy = 0; copy < copies; copy += 1) {
    const heldBack = random() < reorder_rate ? Math.floor(random() * REORDER_WITHIN_MS) : 0;
    await enqueueDelivery(tx, { eventId, endpointId: endpoint.id, status, delayMs: delay_ms + heldBack });
  }
}

export async function enqueueDelivery(
  tx: Queryable,
  given: { eventId: string; endpointId: string; status?: "pending" | "dropped"; delayMs?: number },
): Promise<void> {
  await tx.query(
    `insert into tallystick_sandbox.delivery (event_id, endpoint_id, status, due_at)
     values ($1, $2, $3, clock_timestamp() + $4 * interval '1 ms')`,
    [given.eventId, given.endpointId, given.status ?? "pending", given.delayMs ?? 0],
  );
}
