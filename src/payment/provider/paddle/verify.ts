// Proof that a webhook comes from Paddle: HMAC-SHA256 over the time, a colon and the raw body, by Web Crypto alone, so
// that it runs on Workers too. Docs: developer.paddle.com/webhooks/about/signature-verification.
import { TallystickError } from "../../../kernel/errors.ts";

const timestampPattern = /^\d{1,12}$/;
const signaturePattern = /^[0-9a-f]{64}$/;

export interface VerifyOptions {
  readonly secrets: readonly string[];
  readonly toleranceSeconds: number;
  /** Milliseconds. */
  readonly now: number;
}

/**
 * Verifies that one of the secrets signed the body, at most the tolerance before or after `now`.
 * @throws invalid_signature
 */
export async function verifySignature(
  body: Uint8Array,
  header: string | null,
  { secrets, toleranceSeconds, now }: VerifyOptions,
): Promise<void> {
  if (secrets.length === 0) throw invalid("No webhook secret is configured; no event can be verified.");
  if (header === null || header === "") throw invalid("The paddle-signature header is missing.");
  const { timestamp, signatures } = readHeader(header);
  if (!(await isSigned(signedContent(timestamp, body), signatures, secrets))) {
    throw invalid("The signature matches none of the configured webhook secrets, or the body was changed on its way.");
  }
  const age = Math.floor(now / 1000) - Number(timestamp);
  if (age > toleranceSeconds) throw invalid(`The signature is older than ${toleranceSeconds} seconds.`);
  if (age < -toleranceSeconds) {
    throw invalid(`The signature is more than ${toleranceSeconds} seconds in the future; check this server's clock.`);
  }
}

/** `ts=…;h1=…`, with one h1 for each secret while one is replaced. */
function readHeader(header: string): { readonly timestamp: string; readonly signatures: readonly string[] } {
  const parts = header.split(";").map((part) => part.trim());
  const timestamps = parts.filter((part) => part.startsWith("ts=")).map((part) => part.slice(3));
  const [timestamp] = timestamps;
  if (timestamp === undefined || timestamps.length > 1 || !timestampPattern.test(timestamp)) {
    throw invalid("The paddle-signature header has no single timestamp.");
  }
  const signatures = parts
    .filter((part) => part.startsWith("h1="))
    .map((part) => part.slice(3))
    .filter((signature) => signaturePattern.test(signature));
  if (signatures.length === 0) throw invalid("The paddle-signature header has no well-formed h1 signature.");
  return { timestamp, signatures };
}

function signedContent(timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const prefix = new TextEncoder().encode(`${timestamp}:`);
  const content = new Uint8Array(prefix.byteLength + body.byteLength);
  content.set(prefix);
  content.set(body, prefix.byteLength);
  return content;
}

async function isSigned(
  content: Uint8Array<ArrayBuffer>,
  signatures: readonly string[],
  secrets: readonly string[],
): Promise<boolean> {
  for (const secret of secrets) {
    const usage = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), usage, false, ["verify"]);
    for (const signature of signatures) {
      // Compares in constant time.
      if (await crypto.subtle.verify("HMAC", key, bytesOf(signature), content)) return true;
    }
  }
  return false;
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}

function invalid(message: string): TallystickError {
  return new TallystickError("invalid_signature", message);
}
