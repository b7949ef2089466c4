// The Stripe provider: verifies Stripe's webhooks, asks Stripe's API for what an event does not tell, and says what
// happened. Payloads of all API versions since 2020 are read; credits and accounts are no business of this file.
import type { SetUpInput } from "../provider-queries.ts";
import type { PaymentProvider } from "../provider.ts";
import { parseApiBase } from "./api-origin.ts";
import { stripeActions } from "./stripe/actions.ts";
import { stripeApi, type ApiOptions } from "./stripe/api.ts";
import { readEvent } from "./stripe/event.ts";
import { factsOf } from "./stripe/facts.ts";
import { endpointProblems, readHappened } from "./stripe/happened.ts";
import { createPriceNames } from "./stripe/price-names.ts";
import { readPrice } from "./stripe/price.ts";
import { record } from "./stripe/read.ts";
import { verifySignature } from "./stripe/verify.ts";
import { parseSecrets } from "./webhook-secrets.ts";

export interface StripeOptions {
  /**
   * A secret or restricted key. With one, the line items of a checkout and the present state of a subscription are read
   * from Stripe, and events of the other mode (live, test) are not handled. Without one the events alone are used.
   */
  readonly secretKey?: string | undefined;
  /**
   * The endpoint's signing secrets (`whsec_…`), as a list or separated by commas: several while one is rolled. An event
   * is taken when any of them signed it; without a single one every event is refused.
   */
  readonly webhookSecrets: string | readonly string[];
  /**
   * The origin of another server that speaks Stripe's API, such as `http://127.0.0.1:12111`; as a function it is asked
   * before each request, for a server that is not started yet.
   */
  readonly apiBase?: string | (() => string) | undefined;
  /** @internal The clock that signatures are checked against, in milliseconds. */
  readonly now?: (() => number) | undefined;
}

/**
 * Takes payment events from Stripe. Verifying never touches the network; loading asks Stripe only where a key is given,
 * at most 4 seconds for each request.
 * @throws invalid_request when `apiBase` is not an http(s) origin
 */
export function stripe(options: StripeOptions): PaymentProvider {
  const secrets = parseSecrets(options.webhookSecrets);
  const secretKey = options.secretKey?.trim() || null;
  const apiBase = readApiBase(options.apiBase);
  const apiOptions = secretKey === null ? null : apiOptionsOf(secretKey, apiBase);
  const now = options.now ?? Date.now;
  const names = createPriceNames();
  return {
    name: "stripe",
    async verify(body, headers) {
      await verifySignature(body, headers.get("stripe-signature"), { secrets, now: now() });
      return readEvent(body, secretKey);
    },
    async load(event, { signal, attempt, mayAssume, knowsPrice }) {
      const object = record(record(event.payload.data).object);
      const api = apiOptions && stripeApi(apiOptions, signal);
      const facts = await factsOf(event.type, object, { api, attempt, mayAssume });
      return api === null ? facts : names.name(facts, knowsPrice, api);
    },
    ...(apiOptions && {
      actions: stripeActions(apiOptions, names),
      happened: async (input) => readHappened(stripeApi(apiOptions, input.signal), apiOptions.secretKey, input),
      price: async (id: string, signal: AbortSignal) => readPrice(stripeApi(apiOptions, signal), id),
      setUp: async (input: SetUpInput) => (await import("./stripe/set-up.ts")).setUpStripe(apiOptions, input),
      webhookProblems: async (signal) => endpointProblems(stripeApi(apiOptions, signal)),
    }),
  };
}

// A fixed origin is checked at once, also where there is no key to use it with.
function readApiBase(given: StripeOptions["apiBase"]): () => URL | null {
  if (typeof given === "function") return () => parseApiBase("Stripe", given());
  const fixed = parseApiBase("Stripe", given);
  return () => fixed;
}

function apiOptionsOf(secretKey: string, apiBase: () => URL | null): ApiOptions {
  return {
    secretKey,
    get apiBase() {
      return apiBase();
    },
  };
}
