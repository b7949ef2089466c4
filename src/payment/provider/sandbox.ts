// The payment provider over a local Stripe: the Stripe provider, whose Stripe is a sandbox in this process. An application
// that uses it takes payments without keys; its code is the same as with the real one.
import type { DatabaseSource } from "../../db/database.ts";
import { isTallystickError, TallystickError } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { Catalog } from "../catalog.ts";
import type { PaymentProvider } from "../provider.ts";
import { catalogPrices } from "./sandbox/control/catalog-prices.ts";
import { createSandbox } from "./sandbox/create.ts";
import { stripe } from "./stripe.ts";
import { parseSecrets } from "./webhook-secrets.ts";

export { createSandbox } from "./sandbox/create.ts";
export type { Sandbox, SandboxEndpoint, SandboxOptions } from "./sandbox/create.ts";

/** The key that clients of a sandbox use; any other test key is taken as well. */
export const sandboxKey = "sk_test_sandbox";
export const sandboxPort = 12_111;

const ENDPOINT_NAME = "application";

export interface SandboxProviderOptions {
  readonly database: DatabaseSource;
  /** Its prices are there to be bought, with their ids. */
  readonly catalog: Catalog;
  /** The application's own webhook, which is told of every event. */
  readonly webhookUrl: string;
  /** Where it listens, on loopback; 12111 unless told otherwise. */
  readonly port?: number | undefined;
  /** Further signing secrets, such as of events that the Stripe CLI forwards. */
  readonly webhookSecrets?: string | readonly string[] | undefined;
  readonly logger?: Logger | undefined;
}

export interface SandboxProvider extends PaymentProvider {
  /** Its origin while it runs; null: it does not. */
  readonly url: string | null;
  /** Makes tables, prices and the webhook's endpoint, listens, and begins to deliver. @throws invalid_state when the port is taken */
  start(): Promise<{ readonly url: string }>;
  stop(): Promise<void>;
}

/**
 * A payment provider that stands where `stripe()` would, under the same name, with a local Stripe behind it. Until it is
 * started, and when it can't be, it is `stripe()` without a key: nothing can be bought. Events that `webhookSecrets` signed
 * are taken as they are in either case. Never in production: whoever reaches its port can pay with nothing.
 */
export function sandbox(options: SandboxProviderOptions): SandboxProvider {
  const { database, catalog, webhookUrl, port = sandboxPort, logger } = options;
  const ownSecrets = parseSecrets(options.webhookSecrets ?? []);
  const local = createSandbox({ database, port, prices: catalogPrices(catalog), logger });
  let url: string | null = null;
  const client = (webhookSecrets: readonly string[]): PaymentProvider =>
    stripe({ secretKey: sandboxKey, webhookSecrets, apiBase: () => url ?? notRunning() });
  const withKey = client([]);
  const withoutKey = stripe({ webhookSecrets: ownSecrets });
  return {
    ...withKey,
    get url() {
      return url;
    },
    async start() {
      const started = await local.start();
      // Behind the port: whoever does not get it leaves the other's endpoint where it is.
      await local.endpoint(webhookUrl, ENDPOINT_NAME);
      ({ url } = started);
      return started;
    },
    async stop() {
      url = null;
      await local.stop();
    },
    // What another secret signed is no event of the sandbox's: it is taken as without a key, of whichever mode it is.
    async verify(body, headers) {
      try {
        return await withoutKey.verify(body, headers);
      } catch (error) {
        if (url === null || !isTallystickError(error) || error.code !== "invalid_signature") throw error;
        // Asked each time, as it may be rolled.
        const { secret } = await local.endpoint(webhookUrl, ENDPOINT_NAME);
        return client([secret]).verify(body, headers);
      }
    },
    async load(event, context) {
      const isOwn = url !== null && (await local.hasTold(event.id));
      return (isOwn ? withKey : withoutKey).load(event, context);
    },
  };
}

function notRunning(): never {
  throw new TallystickError(
    "provider_unavailable",
    "The sandbox does not run: nobody started it, or its port was taken.",
  );
}
