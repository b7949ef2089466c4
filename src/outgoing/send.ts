// One delivery over HTTP: signed, posted, and what the answer's status means. The answer's body is not looked at.
import { isTallystickError } from "../kernel/errors.ts";
import type { PublicFetch } from "../kernel/public-fetch.ts";
import { sign } from "./secret.ts";

export interface SendInput {
  readonly url: string;
  readonly secrets: readonly string[];
  /** The same in every attempt: receivers tell repetitions by it. */
  readonly webhookId: string;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface SendOutcome {
  /** gone: 410, the receiver wants nothing more. paused: it said when to come again. unanswered: nobody answered. */
  readonly outcome: "delivered" | "gone" | "paused" | "failed" | "unanswered";
  /** Null: there was no answer. */
  readonly status: number | null;
  readonly error: string | null;
  readonly retryAfterMs?: number;
  readonly durationMs: number;
}

export const SEND_TIMEOUT_MS = 15_000;
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
const MIN_RETRY_AFTER_MS = 1_000;

/** Sends once. What goes wrong is a value; it names neither the URL's path nor a secret. */
export async function send(
  fetch: PublicFetch,
  { url, secrets, webhookId, body, signal }: SendInput,
): Promise<SendOutcome> {
  const began = performance.now();
  // The receiver compares it with its own clock, so it is this machine's and not the database's.
  const timestamp = new Date();
  const headers = {
    "content-type": "application/json",
    "user-agent": "tallystick",
    "webhook-id": webhookId,
    "webhook-timestamp": String(Math.floor(timestamp.getTime() / 1000)),
    "webhook-signature": await sign(secrets, webhookId, timestamp, body),
  };
  const took = (): number => Math.round(performance.now() - began);
  try {
    const init = { method: "POST", headers, body, signal, timeoutMs: SEND_TIMEOUT_MS, maxBytes: 0 };
    const response = await fetch(url, init);
    return { ...outcomeOf(response), durationMs: took() };
  } catch (error) {
    const reason = signal.aborted && took() < SEND_TIMEOUT_MS ? "the request was aborted" : describe(error);
    return { outcome: "unanswered", status: null, error: reason, durationMs: took() };
  }
}

function outcomeOf({ status, headers }: Response): Omit<SendOutcome, "durationMs"> {
  if (status >= 200 && status < 300) return { outcome: "delivered", status, error: null };
  if (status === 410) return { outcome: "gone", status, error: "HTTP 410: the receiver wants nothing more" };
  const redirected = status >= 300 && status < 400 ? ", redirects are not followed" : "";
  const error = `HTTP ${status}${redirected}`;
  const retryAfterMs = status === 429 || status === 503 ? readRetryAfter(headers.get("retry-after")) : undefined;
  return retryAfterMs === undefined
    ? { outcome: "failed", status, error }
    : { outcome: "paused", status, error, retryAfterMs };
}

/** Seconds or an HTTP date, at least a second and at most a day; undefined when it is neither. */
function readRetryAfter(value: string | null): number | undefined {
  if (value === null || value.trim() === "") return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.ceil(ms), MIN_RETRY_AFTER_MS), MAX_RETRY_AFTER_MS);
}

function describe(error: unknown): string {
  if (isTallystickError(error)) return error.message;
  if (!(error instanceof Error)) return "network error";
  if (error.name === "TimeoutError" || error.name === "AbortError") return `no answer within ${SEND_TIMEOUT_MS} ms`;
  // A network error's message has addresses in it; its code says enough.
  const code = "code" in error && typeof error.code === "string" ? error.code : "no answer";
  return `network error: ${code}`;
}
