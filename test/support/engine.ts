// A whole engine on a database of its own, with a catalog like the reference app's, and signed Stripe events for it.
import Stripe from "stripe";
import { createTallystick, defineCatalog, type Tallystick } from "../../src/index.ts";
import type { TallystickOptions } from "../../src/options.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { createTestDatabase } from "./database.ts";

export const WEBHOOK_SECRET = "whsec_test_secret";
export const API_KEY = "test-api-key";
export const METRICS_SECRET = "test-metrics-secret";
export const CRON_SECRET = "test-cron-secret";

export const testCatalog = defineCatalog({
  plans: [
    { id: "free", name: "Free", credits: 50, validDays: 30 },
    {
      id: "pro",
      name: "Pro",
      credits: 1000,
      validDays: 30,
      prices: [
        { id: "price_pro_monthly", interval: "month" },
        { id: "price_pro_yearly", interval: "year" },
      ],
    },
    {
      id: "lifetime",
      name: "Lifetime",
      credits: 1000,
      validDays: 30,
      prices: [{ id: "price_lifetime", interval: "lifetime" }],
    },
  ],
  packs: [
    { id: "basic", name: "100 credits", credits: 100, priceId: "price_credits_basic" },
    { id: "plus", name: "500 credits", credits: 500, priceId: "price_credits_plus" },
    { id: "max", name: "1,200 credits", credits: 1200, priceId: "price_credits_max" },
  ],
});

export interface TestEngine {
  readonly tally: Tallystick;
  readonly databaseUrl: string;
}

/** Makes an engine; without `database`, on a database of its own. The caller closes it. */
export async function createTestEngine(options: Partial<TallystickOptions> = {}): Promise<TestEngine> {
  const databaseUrl = typeof options.database === "string" ? options.database : await createTestDatabase();
  const tally = createTallystick({
    catalog: testCatalog,
    payment: stripe({ webhookSecrets: [WEBHOOK_SECRET] }),
    auth: {
      apiKeys: [API_KEY],
      cronSecrets: [CRON_SECRET],
      metricsSecrets: [METRICS_SECRET],
      cronBasic: { username: "cron", password: "pa:ss" },
    },
    ...options,
    database: options.database ?? databaseUrl,
  });
  return { tally, databaseUrl };
}

let sequence = 0;

/** An id that no other event or object of this process has. */
export function uniqueId(prefix: string): string {
  sequence += 1;
  return `${prefix}_${process.pid}_${Date.now().toString(36)}_${sequence}`;
}

export interface EventInput {
  readonly type: string;
  readonly object: Record<string, unknown>;
  readonly id?: string;
  readonly apiVersion?: string;
}

/** The raw body of an event. */
export function eventBody({
  type,
  object,
  id = uniqueId("evt"),
  apiVersion = "2025-11-17.clover",
}: EventInput): string {
  const created = Math.floor(Date.now() / 1000);
  return JSON.stringify({
    id,
    object: "event",
    api_version: apiVersion,
    created,
    livemode: false,
    type,
    data: { object },
  });
}

/** A signature as Stripe makes it, with the official library. */
export async function signatureOf(payload: string, secret = WEBHOOK_SECRET, timestamp?: number): Promise<string> {
  return new Stripe("sk_test_unused").webhooks.generateTestHeaderStringAsync({
    payload,
    secret,
    ...(timestamp !== undefined && { timestamp }),
  });
}

/** The webhook's HTTP request for a body, truly signed. */
export async function signedRequest(body: string): Promise<Request> {
  return new Request("http://localhost/api/webhooks/stripe", {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "stripe-signature": await signatureOf(body) },
  });
}

/** Sends an event through the webhook handler. */
export async function sendEvent(tally: Pick<Tallystick, "handlers">, event: EventInput): Promise<Response> {
  return tally.handlers.stripeWebhook(await signedRequest(eventBody(event)));
}

/** Calls the REST API. */
export async function callApi(
  tally: Pick<Tallystick, "handlers">,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("authorization", `Bearer ${API_KEY}`);
  if (init.body !== undefined) headers.set("content-type", "application/json");
  return tally.handlers.api(new Request(`http://localhost/api/v1${path}`, { ...init, headers }));
}

/** A completed one-time checkout session. */
export function checkoutSession(input: {
  readonly id?: string;
  readonly customer?: string | null;
  readonly userId: string;
  readonly priceId: string;
  readonly paymentStatus?: "paid" | "unpaid" | "no_payment_required";
  readonly paymentIntent?: string;
}): Record<string, unknown> {
  return {
    id: input.id ?? uniqueId("cs_test"),
    object: "checkout.session",
    mode: "payment",
    payment_status: input.paymentStatus ?? "paid",
    customer: input.customer ?? null,
    invoice: null,
    payment_intent: input.paymentIntent ?? uniqueId("pi"),
    amount_total: 999,
    currency: "usd",
    client_reference_id: null,
    metadata: { userId: input.userId, priceId: input.priceId },
  };
}
