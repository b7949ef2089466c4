// Proof that a webhook comes from Stripe. The official SDK computes and compares the signatures; the header is read
// strictly before and the time is checked on both sides after, where the SDK is lenient.
import { TallystickError } from "../../../kernel/errors.ts";
import { loadSdk } from "./sdk.ts";

const TOLERANCE_SECONDS = 300;
// The SDK rejects the past only: the whole window is checked here instead, once the signature is known to be right.
const NO_TOLERANCE_CHECK = 0;

const timestampPattern = /^\d{1,12}$/;
const signaturePattern = /^[0-9a-f]{64}$/;

/**
 * Verifies that one of the secrets signed the body at most 300 seconds before or after `now` (milliseconds).
 * @throws invalid_signature
 */
export async function verifySignature(
  body: Uint8Array,
  header: string | null,
  { secrets, now }: { readonly secrets: readonly string[]; readonly now: number },
): Promise<void> {
  if (secrets.length === 0) throw invalid("No webhook secret is configured; no event can be verified.");
  if (header === null || header === "") throw invalid("The stripe-signature header is missing.");
  const { timestamp, signatures } = readHeader(header);
  const strictHeader = [`t=${timestamp}`, ...signatures.map((signature) => `v1=${signature}`)].join(",");
  if (!(await isSigned(body, strictHeader, secrets))) {
    throw invalid("The signature matches none of the configured webhook secrets, or the body was changed on its way.");
  }
  const age = Math.floor(now / 1000) - timestamp;
  if (age > TOLERANCE_SECONDS) throw invalid(`The signature is older than ${TOLERANCE_SECONDS} seconds.`);
  if (age < -TOLERANCE_SECONDS) {
    throw invalid(`The signature is more than ${TOLERANCE_SECONDS} seconds in the future; check this server's clock.`);
  }
}

function readHeader(header: string): { timestamp: number; signatures: readonly string[] } {
  const parts = header.split(",");
  const timestamps = parts.filter((part) => part.startsWith("t=")).map((part) => part.slice(2));
  const [timestamp] = timestamps;
  if (timestamp === undefined || timestamps.length > 1 || !timestampPattern.test(timestamp)) {
    throw invalid("The stripe-signature header has no single timestamp.");
  }
  // v0 is for test events only and proves nothing.
  const signatures = parts
    .filter((part) => part.startsWith("v1="))
    .map((part) => part.slice(3))
    .filter((signature) => signaturePattern.test(signature));
  if (signatures.length === 0) throw invalid("The stripe-signature header has no well-formed v1 signature.");
  return { timestamp: Number(timestamp), signatures };
}

async function isSigned(body: Uint8Array, header: string, secrets: readonly string[]): Promise<boolean> {
  for (const secret of secrets) {
    if (await isSignedWith(body, header, secret)) return true;
  }
  return false;
}

// No crypto provider is named: the SDK's default is node:crypto on Node (a tenth of SubtleCrypto's time there) and
// SubtleCrypto on Workers, where only the asynchronous form works.
async function isSignedWith(body: Uint8Array, header: string, secret: string): Promise<boolean> {
  const sdk = await loadSdk();
  try {
    return (await sdk.webhooks.signature?.verifyHeaderAsync(body, header, secret, NO_TOLERANCE_CHECK)) === true;
  } catch (error) {
    if (error instanceof sdk.errors.StripeSignatureVerificationError) return false;
    throw error;
  }
}

function invalid(message: string): TallystickError {
  return new TallystickError("invalid_signature", message);
}
