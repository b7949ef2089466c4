// Signed events of Paddle Billing. The signature is made with node:crypto, apart from the Web Crypto that checks it.
import { createHmac } from "node:crypto";
import type { Tallystick } from "../../src/index.ts";
import { uniqueId } from "./engine.ts";

export const PADDLE_SECRET = "pdl_ntfset_test_secret";

export interface PaddleEvent {
  readonly type: string;
  readonly data: object;
  readonly eventId?: string;
  readonly notificationId?: string;
}

/** The raw body of an event. */
export function paddleBody({ type, data, eventId, notificationId }: PaddleEvent): string {
  return JSON.stringify({
    event_id: eventId ?? uniqueId("evt"),
    event_type: type,
    occurred_at: new Date().toISOString(),
    notification_id: notificationId ?? uniqueId("ntf"),
    data,
  });
}

/** A `Paddle-Signature` header. */
export function paddleSignature(
  body: string,
  { secret = PADDLE_SECRET, at = Math.floor(Date.now() / 1000) }: { secret?: string; at?: number } = {},
): string {
  return `ts=${at};h1=${paddleHash(body, { secret, at })}`;
}

export function paddleHash(body: string, { secret, at }: { readonly secret: string; readonly at: number }): string {
  return createHmac("sha256", secret).update(`${at}:${body}`).digest("hex");
}

/** Sends a body through the webhook handler. */
export async function sendPaddleBody(
  tally: Pick<Tallystick, "handlers">,
  body: string,
  signature = paddleSignature(body),
): Promise<Response> {
  return tally.handlers.webhook(
    new Request("http://localhost/api/webhooks/paddle", {
      method: "POST",
      body,
      headers: { "content-type": "application/json", "paddle-signature": signature },
    }),
  );
}
