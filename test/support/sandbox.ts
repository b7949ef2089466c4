// A sandbox with an engine behind it, over real HTTP: the official SDK drives the sandbox, its webhooks reach the
// engine's own handler, and the engine asks the sandbox for what an event does not tell.
import type Stripe from "stripe";
import { onTestFinished } from "vitest";
import { createSandbox, type Sandbox, type SandboxOptions } from "../../src/payment/provider/sandbox.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import type { Tallystick } from "../../src/index.ts";
import type { TallystickOptions } from "../../src/options.ts";
import { createTestDatabase } from "./database.ts";
import { createTestEngine } from "./engine.ts";
import { connect } from "../../src/db/database.ts";
import { control, payOnPage, SANDBOX_KEY, sdkFor } from "./sandbox-client.ts";
import { serve } from "../flows/server.ts";
import { skipDelays } from "../flows/setup.ts";

export { control, payOnPage, SANDBOX_KEY, sdkFor };

export const testPrices = [
  { id: "price_pro_monthly", unit_amount: 2_000, interval: "month" },
  { id: "price_pro_yearly", unit_amount: 20_000, interval: "year" },
  { id: "price_lifetime", unit_amount: 50_000 },
  { id: "price_credits_basic", unit_amount: 500 },
  { id: "price_credits_plus", unit_amount: 2_000 },
  { id: "price_credits_max", unit_amount: 4_000 },
] as const;

export interface SandboxedEngine {
  readonly sandbox: Sandbox;
  readonly tally: Tallystick;
  readonly sdk: Stripe;
  readonly url: string;
  readonly databaseUrl: string;
  /** Types of the events that reached the engine, in the order of their arrival. */
  readonly arrived: readonly string[];
  /** Lets everything be delivered and handled. */
  settle(): Promise<void>;
  balance(userId: string): Promise<number>;
  /** Asks the sandbox's control API. */
  control<T = Record<string, unknown>>(path: string, body?: object): Promise<T>;
}

/** Starts both, each on loopback, and stops them with the test. */
export async function startSandboxedEngine(
  options: Partial<SandboxOptions> = {},
  engineOptions: Partial<TallystickOptions> = {},
): Promise<SandboxedEngine> {
  const databaseUrl = await createTestDatabase();
  const sandbox = createSandbox({ database: databaseUrl, prices: testPrices, ...options });
  const { url } = await sandbox.start();
  const arrived: string[] = [];
  const receiver: { tally?: Tallystick } = {};
  const server = await serve(async (request) => {
    const copy = request.clone();
    const response = await receiver.tally?.handlers.stripeWebhook(request);
    const { type } = (await copy.json()) as { type: string };
    arrived.push(type);
    return response ?? new Response(null, { status: 503 });
  });
  const { secret } = await sandbox.endpoint(`${server.origin}/api/webhooks/stripe`);
  const payment = stripe({ secretKey: SANDBOX_KEY, apiBase: url, webhookSecrets: [secret] });
  const { tally } = await createTestEngine({ ...engineOptions, database: databaseUrl, payment });
  receiver.tally = tally;
  const sql = connect(databaseUrl, { poolSize: 1 });
  onTestFinished(async () => {
    await sandbox.stop();
    await tally.close();
    await sql.close();
    await server[Symbol.asyncDispose]();
  });
  return {
    sandbox,
    tally,
    sdk: sdkFor(url),
    url,
    databaseUrl,
    arrived,
    async settle() {
      await sandbox.settled();
      await tally.drain({ maxTasks: 10_000, budgetMs: 60_000 });
      // A dispute that was handled while its payment was being told has its next attempt before it.
      await skipDelays(sql);
      await tally.drain({ maxTasks: 10_000, budgetMs: 60_000 });
    },
    balance: async (userId) => (await tally.credits.balance({ userId })).balance,
    control: async (path, body) => control(url, path, body),
  };
}
