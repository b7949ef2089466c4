// Secrets of endpoints: made here, shown once, and kept because every delivery is signed with them.
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** A new secret of 32 random bytes, in the form that Standard Webhooks libraries take. */
export function createSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

/** Signs with each secret, the newest first: the value of `webhook-signature`. */
export function sign(secrets: readonly string[], id: string, timestamp: Date, body: string): string {
  return secrets.map((secret) => new Webhook(secret).sign(id, timestamp, body)).join(" ");
}
