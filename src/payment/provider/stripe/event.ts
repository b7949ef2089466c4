// A verified body as the event that is stored. Only snapshot events of the v1 API are taken: they carry the object.
import { TallystickError } from "../../../kernel/errors.ts";
import type { InboundEvent } from "../../inbound-event.ts";
import { parseObject } from "../json.ts";
import { isHandled } from "./facts.ts";
import { idOf, record, text, type Json } from "./read.ts";

/**
 * Reads a verified body. With a key, events of its other mode are not handled.
 * @throws invalid_request when the body is no snapshot event
 */
export function readEvent(body: Uint8Array, secretKey: string | null): InboundEvent {
  const parsed = parseObject(body);
  if (!("object" in parsed)) throw refused(parsed.instead, parsed.cause);
  return inboundEvent(parsed.object, secretKey);
}

/** The same of an event that was parsed already. @throws invalid_request */
export function inboundEvent(payload: Record<string, unknown>, secretKey: string | null): InboundEvent {
  if (payload.object === "v2.core.event") {
    throw refused("it is a thin event; let Stripe send snapshot events to this endpoint.");
  }
  const id = text(payload.id);
  const type = text(payload.type);
  if (id === null || type === null) throw refused("it has no id or no type.");
  if (payload.object !== undefined && payload.object !== "event") throw refused("its object is of another kind.");
  const livemode = typeof payload.livemode === "boolean" ? payload.livemode : null;
  return {
    id,
    type,
    apiVersion: text(payload.api_version),
    livemode,
    subject: subjectOf(record(record(payload.data).object)),
    handled: isHandled(type) && !isOtherMode(livemode, secretKey),
    payload,
  };
}

// Refunds, disputes and the payments of invoices name no customer. All that is told of one payment's money keeps to its
// intent, also where a charge names the customer besides, so that an older answer of Stripe's can't overtake a newer one.
const ofPayments = new Set(["refund", "dispute", "charge", "invoice_payment"]);

function subjectOf(object: Json): string | null {
  const kind = text(object.object);
  if (kind === "customer") return text(object.id);
  if (kind === null || !ofPayments.has(kind)) return idOf(object.customer);
  const { payment_intent: intent, charge } = kind === "invoice_payment" ? record(object.payment) : object;
  return idOf(intent) ?? idOf(charge) ?? text(object.id);
}

function isOtherMode(livemode: boolean | null, secretKey: string | null): boolean {
  const mode = /^[sr]k_(live|test)_/.exec(secretKey ?? "")?.[1];
  return livemode !== null && mode !== undefined && livemode !== (mode === "live");
}

function refused(reason: string, cause?: unknown): TallystickError {
  return new TallystickError("invalid_request", `The webhook's body is signed but not a Stripe event: ${reason}`, {
    cause,
  });
}
