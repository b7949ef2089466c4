// What is asked of Paddle's API, by fetch. Every failure becomes an outcome; only the end of the load's time is thrown.
import { TallystickError } from "../../../kernel/errors.ts";
import { redact } from "../../../kernel/logger.ts";
import { unansweredBy, type Answer } from "../answer.ts";
import { record, records, text, type Json } from "../json.ts";

const REQUEST_TIMEOUT_MS = 4_000;
const LIVE_ORIGIN = "https://api.paddle.com";
const SANDBOX_ORIGIN = "https://sandbox-api.paddle.com";

export interface PaddleApi {
  subscription(subscriptionId: string): Promise<Answer<Json>>;
  adjustment(adjustmentId: string): Promise<Answer<Json>>;
}

/** What a reader of facts may ask. */
export interface FactContext {
  /** Null without an API key. */
  readonly api: PaddleApi | null;
}

export interface ApiOptions {
  readonly apiKey: string;
  readonly origin: string;
}

export function isLiveKey(apiKey: string): boolean {
  return apiKey.startsWith("pdl_live_");
}

/** The environment that a key names; keys from before May 2025 name none. */
export function apiOriginOf(apiKey: string): string {
  return apiKey.startsWith("pdl_sdbx_") ? SANDBOX_ORIGIN : LIVE_ORIGIN;
}

/** Paddle's API for one load: requests in flight are cancelled when the signal is aborted. */
export function paddleApi(options: ApiOptions, signal: AbortSignal): PaddleApi {
  return {
    subscription: async (subscriptionId) =>
      ask(options, `/subscriptions/${encodeURIComponent(subscriptionId)}`, signal, (data) =>
        record(data).id === subscriptionId ? record(data) : null,
      ),
    // Adjustments have no address of their own.
    adjustment: async (adjustmentId) =>
      ask(
        options,
        `/adjustments?id=${encodeURIComponent(adjustmentId)}`,
        signal,
        (data) => records(data).find(({ id }) => id === adjustmentId) ?? null,
      ),
  };
}

/** The error that names what was asked for and why there is no answer. */
export function unanswered(asked: string, answer: Exclude<Answer<unknown>, { outcome: "found" }>): TallystickError {
  return unansweredBy("Paddle", asked, answer);
}

async function ask(
  { apiKey, origin }: ApiOptions,
  path: string,
  signal: AbortSignal,
  find: (data: unknown) => Json | null,
): Promise<Answer<Json>> {
  try {
    const response = await fetch(new URL(path, origin), {
      headers: { authorization: `Bearer ${apiKey}`, accept: "application/json", "paddle-version": "1" },
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
    const body = record(await response.json());
    if (response.ok) {
      const value = find(body.data);
      return value === null ? { outcome: "missing" } : { outcome: "found", value };
    }
    return refusalOf(response.status, record(body.error));
  } catch (error) {
    if (signal.aborted) {
      throw new TallystickError("provider_unavailable", "Paddle did not answer before the time to load was over.");
    }
    return { outcome: "unavailable", reason: redact(error instanceof Error ? error.message : "unknown error") };
  }
}

function refusalOf(status: number, error: Json): Answer<Json> {
  if (status === 404) return { outcome: "missing" };
  const reason = redact(`${status} ${text(error.code) ?? "without a code"}`);
  return { outcome: status === 401 || status === 403 ? "refused" : "unavailable", reason };
}
