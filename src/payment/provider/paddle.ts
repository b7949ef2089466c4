// The Paddle Billing provider: verifies Paddle's webhooks, asks Paddle's API for the present state of what changes, and
// says what happened. Paddle's transaction is the bill here; credits and accounts are no business of this file.
import { TallystickError } from "../../kernel/errors.ts";
import type { PaymentProvider } from "../provider.ts";
import { parseApiBase } from "./api-origin.ts";
import { record } from "./json.ts";
import { apiOriginOf, isLiveKey, paddleApi, type ApiOptions } from "./paddle/api.ts";
import { readEvent } from "./paddle/event.ts";
import { factsOf } from "./paddle/facts.ts";
import { verifySignature } from "./paddle/verify.ts";
import { parseSecrets } from "./webhook-secrets.ts";

export interface PaddleOptions {
  /**
   * An API key that may read subscriptions and adjustments. With one their present state is read from Paddle, and with a
   * live one (`pdl_live_apikey_…`) the webhook simulator's events are not handled. Without one the events alone are used.
   */
  readonly apiKey?: string | undefined;
  /**
   * The notification destination's secret keys (`pdl_ntfset_…`), as a list or separated by commas: several while one is
   * replaced. An event is taken when any of them signed it; without a single one every event is refused.
   */
  readonly webhookSecrets: string | readonly string[];
  /**
   * The origin of Paddle's API. Default: the environment that the key's prefix names, else the live one; a sandbox key
   * without a prefix needs `https://sandbox-api.paddle.com`.
   */
  readonly apiBase?: string | undefined;
  /**
   * How far the signature's time may lie in the past or the future; default 300. Paddle's own SDKs allow 5 seconds, which a
   * cold start or a clock that is a little off exceeds; a replay within the time does nothing, as event ids are kept.
   */
  readonly toleranceSeconds?: number | undefined;
  /** @internal The clock that signatures are checked against, in milliseconds. */
  readonly now?: (() => number) | undefined;
}

const DEFAULT_TOLERANCE_SECONDS = 300;

/**
 * Takes payment events from Paddle Billing (not Paddle Classic). Verifying never touches the network; loading asks Paddle
 * only where a key is given, at most 4 seconds for each request.
 * @throws invalid_request when `apiBase` is no http(s) origin, or `toleranceSeconds` no whole number above zero
 */
export function paddle(options: PaddleOptions): PaymentProvider {
  const secrets = parseSecrets(options.webhookSecrets);
  const toleranceSeconds = checkTolerance(options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS);
  const apiKey = options.apiKey?.trim() || null;
  const apiBase = parseApiBase("Paddle", options.apiBase);
  const apiOptions: ApiOptions | null =
    apiKey === null ? null : { apiKey, origin: apiBase?.origin ?? apiOriginOf(apiKey) };
  const now = options.now ?? Date.now;
  return {
    name: "paddle",
    async verify(body, headers) {
      await verifySignature(body, headers.get("paddle-signature"), { secrets, toleranceSeconds, now: now() });
      return readEvent(body, { takesSimulated: apiKey === null || !isLiveKey(apiKey) });
    },
    async load(event, { signal }) {
      return factsOf(event.type, record(event.payload.data), { api: apiOptions && paddleApi(apiOptions, signal) });
    },
  };
}

function checkTolerance(seconds: number): number {
  if (Number.isSafeInteger(seconds) && seconds > 0) return seconds;
  throw new TallystickError("invalid_request", "Paddle's toleranceSeconds must be a whole number above zero.");
}
