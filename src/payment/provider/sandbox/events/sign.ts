// The Stripe-Signature header: one v1 for each secret of the endpoint that still signs.
import { createHmac } from "node:crypto";
import type { WebhookEndpoint } from "../store/billing-document.ts";

/** Signs the body at a moment, in milliseconds. Docs: docs.stripe.com/webhooks#verify-manually. */
export function signatureHeader(endpoint: WebhookEndpoint, body: string, nowMs: number): string {
  const timestamp = Math.floor(nowMs / 1000);
  const signatures = signingSecrets(endpoint, nowMs).map((secret) =>
    createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex"),
  );
  return [`t=${timestamp}`, ...signatures.map((signature) => `v1=${signature}`)].join(",");
}

function signingSecrets({ _secrets: secrets, _misbehaviour: misbehaviour }: WebhookEndpoint, nowMs: number): string[] {
  if (misbehaviour.sign_with_old_secret) return secrets.slice(-1).map(({ secret }) => secret);
  return secrets.filter(({ until_ms: until }) => until === null || until > nowMs).map(({ secret }) => secret);
}
