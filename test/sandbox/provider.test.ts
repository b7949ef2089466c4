// The sandbox as a payment provider: an engine that takes payments with no keys, and what is left of it without a port.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { sandbox, sandboxKey } from "../../src/payment/provider/sandbox.ts";
import { serve } from "../flows/server.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  createTestEngine,
  eventBody,
  signedRequest,
  testCatalog,
  uniqueId,
  WEBHOOK_SECRET,
} from "../support/engine.ts";
import { control, payOnPage, sdkFor } from "../support/sandbox.ts";

async function startEngine({ database, port = 0 }: { database?: string; port?: number } = {}) {
  const databaseUrl = database ?? (await createTestDatabase());
  const receiver: { handle?: (request: Request) => Promise<Response> } = {};
  const server = await serve(async (request) => receiver.handle?.(request) ?? new Response(null, { status: 503 }));
  const webhookUrl = `${server.origin}/api/webhooks/stripe`;
  const payment = sandbox({
    database: databaseUrl,
    catalog: testCatalog,
    webhookUrl,
    webhookSecrets: [WEBHOOK_SECRET],
    port,
  });
  const { tally } = await createTestEngine({ database: databaseUrl, payment });
  receiver.handle = tally.handlers.stripeWebhook;
  const stop = async (): Promise<void> => {
    await payment.stop();
    await tally.close();
  };
  onTestFinished(async () => {
    await stop();
    await server[Symbol.asyncDispose]();
  });
  const balance = async (userId: string): Promise<number> => {
    await tally.drain({ maxTasks: 100 });
    return (await tally.credits.balance({ userId })).balance;
  };
  return { payment, tally, databaseUrl, webhookUrl, stop, balance };
}

async function buyPack(url: string, userId: string, quantity = 1): Promise<void> {
  const session = await sdkFor(url).checkout.sessions.create({
    mode: "payment",
    line_items: [{ price: "price_credits_plus", quantity }],
    metadata: { userId, priceId: "price_credits_plus" },
    success_url: "http://localhost/credits",
  });
  expect((await payOnPage(session)).status).toBe(303);
}

const endpoints = async (url: string) => (await sdkFor(url).webhookEndpoints.list()).data;

it("lets a person buy what the catalog sells with no key and no secret configured", async () => {
  const { payment, balance } = await startEngine();
  const { url } = await payment.start();
  expect(payment).toMatchObject({ name: "stripe", url });
  // The quantity stands in no event: the sandbox is asked for it.
  await buyPack(url, "u1", 3);
  await expect.poll(async () => balance("u1")).toBe(1500);
});

it("still takes the endpoint's events after its secret was rolled, and what further secrets signed", async () => {
  const { payment, tally, balance } = await startEngine();
  const { url } = await payment.start();
  const [endpoint] = await endpoints(url);
  await control(url, `/endpoints/${endpoint?.id}/roll`, { expires_in_s: 0 });
  await buyPack(url, "u1");
  await expect.poll(async () => balance("u1")).toBe(500);
  // Of the live mode, and of a customer of whom the sandbox knows nothing.
  const metadata = { userId: "u2", priceId: "price_credits_basic" };
  const session = { id: uniqueId("cs"), object: "checkout.session", mode: "payment", payment_status: "paid", metadata };
  const object = { ...session, amount_total: 500, currency: "usd" };
  const foreign = { ...JSON.parse(eventBody({ type: "checkout.session.completed", object })), livemode: true };
  expect((await tally.handlers.stripeWebhook(await signedRequest(JSON.stringify(foreign)))).status).toBe(200);
  expect(await balance("u2")).toBe(100);
});

it("tells an application whose address changed at its new one alone", async () => {
  const first = await startEngine();
  await first.payment.start();
  await first.stop();
  const second = await startEngine({ database: first.databaseUrl });
  const { url } = await second.payment.start();
  expect(await endpoints(url)).toMatchObject([{ url: second.webhookUrl }]);
  await buyPack(url, "u2");
  await expect.poll(async () => second.balance("u2")).toBe(500);
});

it("is Stripe without a key where its port is taken: it says so, and events are taken as they are", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const { payment, tally, balance } = await startEngine({ port });
  await expect(payment.start()).rejects.toMatchObject({
    code: "invalid_state",
    message: expect.stringContaining(`Port ${port} is taken`),
  });
  expect(payment.url).toBeNull();
  await expect(payment.price?.("price_lifetime", AbortSignal.timeout(1000))).rejects.toMatchObject({
    code: "provider_unavailable",
  });
  const metadata = { userId: "u3", priceId: "price_credits_basic" };
  const session = { id: uniqueId("cs"), object: "checkout.session", mode: "payment", payment_status: "paid", metadata };
  const body = eventBody({
    type: "checkout.session.completed",
    object: { ...session, amount_total: 500, currency: "usd" },
  });
  expect((await tally.handlers.stripeWebhook(await signedRequest(body))).status).toBe(200);
  expect(await balance("u3")).toBe(100);
});

it("refuses a live key at its API", async () => {
  const { payment } = await startEngine();
  const { url } = await payment.start();
  const status = async (key: string) =>
    (await fetch(`${url}/v1/prices`, { headers: { authorization: `Bearer ${key}` } })).status;
  expect(await status(sandboxKey)).toBe(200);
  expect(await status("sk_live_abc")).toBe(401);
});
