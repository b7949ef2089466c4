// A verified body as the event that is stored. Only snapshot events of the v1 API are taken: they carry the object.
import { TallystickError } from "../../../kernel/errors.ts";
import type { InboundEvent } from "../../provider.ts";
import { isHandled } from "./facts.ts";
import { idOf, isRecord, record, text, type Json } from "./read.ts";

/**
 * Reads a verified body. With a key, events of its other mode are not handled.
 * @throws invalid_request when the body is no snapshot event
 */
export function readEvent(body: Uint8Array, secretKey: string | null): InboundEvent {
  const payload = parse(body);
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
    customerId: customerOf(record(record(payload.data).object)),
    handled: isHandled(type) && !isOtherMode(livemode, secretKey),
    payload,
  };
}

function parse(body: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw refused("it is no JSON in UTF-8.", error);
  }
  if (!isRecord(value)) throw refused("it is no JSON object.");
  return value;
}

function customerOf(object: Json): string | null {
  return idOf(object.customer) ?? (object.object === "customer" ? text(object.id) : null);
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
