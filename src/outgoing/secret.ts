// Secrets of endpoints: made here, shown once, and kept because every delivery is signed with them.

/** A new secret of 32 random bytes, in the form that Standard Webhooks libraries take. */
export function createSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
}

/** Signs with each secret, the newest first: the value of `webhook-signature`. */
export async function sign(secrets: readonly string[], id: string, timestamp: Date, body: string): Promise<string> {
  // Loaded by who sends.
  const { Webhook } = await import("standardwebhooks");
  return secrets.map((secret) => new Webhook(secret).sign(id, timestamp, body)).join(" ");
}
