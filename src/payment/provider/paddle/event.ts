// A verified body as the event that is stored. Its id is the event's and not the notification's: a resent event has a
// new notification and the same event id.
import { TallystickError } from "../../../kernel/errors.ts";
import type { InboundEvent } from "../../inbound-event.ts";
import { isRecord, parseObject, text, type Json } from "../json.ts";
import { isHandled } from "./facts.ts";

// Notifications of the webhook simulator. Paddle sends them only to destinations that are set to take them.
const SIMULATED_PREFIX = "ntfsim";

/** Reads a verified body. @throws invalid_request when it is no event of Paddle Billing */
export function readEvent(body: Uint8Array, options: { readonly takesSimulated: boolean }): InboundEvent {
  const parsed = parseObject(body);
  if (!("object" in parsed)) throw refused(parsed.instead, parsed.cause);
  const payload = parsed.object;
  const id = text(payload.event_id);
  const type = text(payload.event_type);
  if (id === null || type === null) throw refused("it has no event_id or no event_type.");
  if (!isRecord(payload.data)) throw refused("it has no data.");
  const isSimulated = text(payload.notification_id)?.startsWith(SIMULATED_PREFIX) === true;
  return {
    id,
    type,
    apiVersion: null,
    // Live and sandbox sign with secrets of their own and are not told apart otherwise.
    livemode: isSimulated ? false : null,
    subject: subjectOf(type, payload.data),
    handled: isHandled(type) && (!isSimulated || options.takesSimulated),
    payload,
  };
}

// All that is told of one payment's money keeps to its transaction, which is also what waits for the payment to be known.
function subjectOf(type: string, data: Json): string | null {
  if (type.startsWith("adjustment.")) return text(data.transaction_id) ?? text(data.id);
  return type.startsWith("customer.") ? text(data.id) : text(data.customer_id);
}

function refused(reason: string, cause?: unknown): TallystickError {
  return new TallystickError("invalid_request", `The webhook's body is signed but not a Paddle event: ${reason}`, {
    cause,
  });
}
