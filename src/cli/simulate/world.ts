// Where a simulation happens: a local Stripe, the engine with the product's catalog, and one clock for both.
import Stripe from "stripe";
import { createEngine, type Engine } from "../../engine.ts";
import { isTallystickError } from "../../kernel/errors.ts";
import { createSandbox, sandboxKey, type Sandbox } from "../../payment/provider/sandbox.ts";
import { catalogPrices } from "../../payment/provider/sandbox/control/catalog-prices.ts";
import { listen } from "../../payment/provider/sandbox/server.ts";
import { stripe } from "../../payment/provider/stripe.ts";
import type { Config } from "../config.ts";
import type { Life } from "./stories.ts";

const DAY_MS = 86_400_000;
// A step of many customers is one request.
const TIMEOUT_MS = 300_000;

export interface World extends AsyncDisposable {
  readonly tally: Engine;
  readonly now: () => Date;
  /** A customer of the clock, who pays with a card that works. */
  beginLife(userId: string): Promise<Life>;
  /** Lets everything happen until then: at Stripe, on the way, and here. */
  pass(days: number): Promise<void>;
}

/** Only the catalog and the ledger's rules are the product's: no hook, channel or endpoint is called. */
export async function openWorld(databaseUrl: string, config: Config): Promise<World> {
  await using resources = new AsyncDisposableStack();
  const sandbox = createSandbox({ database: databaseUrl, prices: catalogPrices(config.catalog) });
  resources.defer(async () => sandbox.stop());
  const { url } = await sandbox.start();
  let inbox: Engine | null = null;
  const webhook = await listen(async (request) => receive(inbox, request), { port: 0, host: "127.0.0.1" });
  resources.defer(async () => webhook.close());
  const { secret } = await sandbox.endpoint(webhook.url);
  const { hostname: host, port } = new URL(url);
  const sdk = new Stripe(sandboxKey, { host, port, protocol: "http", telemetry: false, timeout: TIMEOUT_MS });
  let now = new Date();
  now.setUTCMilliseconds(0);
  const tally = createEngine({
    catalog: config.catalog,
    ...(config.returnPolicy !== undefined && { returnPolicy: config.returnPolicy }),
    database: databaseUrl,
    payment: stripe({ secretKey: sandboxKey, apiBase: url, webhookSecrets: secret }),
    clock: () => now,
    reconcile: false,
    proof: false,
  });
  resources.defer(async () => tally.close());
  inbox = tally;
  await tally.migrate();
  const clock = await sdk.testHelpers.testClocks.create({ frozen_time: now.getTime() / 1000 });
  const control = async (path: string, body: object): Promise<void> => ask(sandbox, `${url}/sandbox${path}`, body);
  const kept = resources.move();
  return {
    tally,
    now: () => now,
    async beginLife(userId) {
      const card = "pm_card_visa";
      const customer = await sdk.customers.create({
        test_clock: clock.id,
        metadata: { userId },
        payment_method: card,
        invoice_settings: { default_payment_method: card },
      });
      return { userId, customer: customer.id, sdk, control };
    },
    async pass(days) {
      const then = new Date(now.getTime() + days * DAY_MS);
      await advance(sdk, clock.id, then);
      await sandbox.settled();
      now = then;
      await tally.tick();
    },
    [Symbol.asyncDispose]: async () => kept.disposeAsync(),
  };
}

async function receive(tally: Engine | null, request: Request): Promise<Response> {
  if (tally === null) return new Response(null, { status: 503 });
  try {
    await tally.payment.handleWebhookEvent(new Uint8Array(await request.arrayBuffer()), request.headers);
    return new Response(null, { status: 200 });
  } catch (error) {
    return new Response(isTallystickError(error) ? error.message : null, { status: 500 });
  }
}

async function advance(sdk: Stripe, clock: string, then: Date): Promise<void> {
  await sdk.testHelpers.testClocks.advance(clock, { frozen_time: Math.floor(then.getTime() / 1000) });
}

async function ask(sandbox: Sandbox, url: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${sandboxKey}`, "content-type": "application/json" };
  const answer = await sandbox.fetch(new Request(url, { method: "POST", headers, body: JSON.stringify(body) }));
  if (!answer.ok) throw new Error(`The sandbox refused ${url}: ${await answer.text()}`);
}
