// What the catalog sells is made at Stripe by one command, as often as one likes, and sold under the catalog's names.
import type Stripe from "stripe";
import { expect, it, onTestFinished } from "vitest";
import { defineCatalog, type Tallystick } from "../../src/index.ts";
import { createSandbox, type Sandbox } from "../../src/payment/provider/sandbox.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { handledTypes } from "../../src/payment/provider/stripe/facts.ts";
import { setUp, type Setup } from "../flows/setup.ts";
import { serve } from "../flows/server.ts";
import { createTestDatabase } from "../support/database.ts";
import { payOnPage, SANDBOX_KEY, sdkFor } from "../support/sandbox.ts";

const prices = [
  { id: "pro_month", interval: "month" as const, amount: 2000, currency: "usd" },
  { id: "pro_year", interval: "year" as const, amount: 20_000, currency: "usd" },
];
const pack = { id: "pack", name: "Pack", credits: 500, prices: [{ id: "pack_once", amount: 900, currency: "jpy" }] };
const catalog = defineCatalog({ plans: [{ id: "pro", name: "Pro", credits: 1000, prices }], packs: [pack] });

async function atSandbox(
  given = catalog,
): Promise<Setup & { readonly sandbox: Sandbox; readonly sdk: Stripe; url: string }> {
  const sandbox = createSandbox({ database: await createTestDatabase() });
  const { url } = await sandbox.start();
  onTestFinished(async () => sandbox.stop());
  const payment = stripe({ secretKey: SANDBOX_KEY, apiBase: url, webhookSecrets: [] });
  return { ...(await setUp({ catalog: given, payment })), sandbox, sdk: sdkFor(url), url };
}

it("missing products, prices and the endpoint are made once, with exactly the events that have an effect", async () => {
  const { tally, sdk } = await atSandbox();
  const webhookUrl = "https://example.com/api/webhooks/stripe";
  const first = await tally.payment.setUp({ webhookUrl });
  expect(first.prices.map(({ id, outcome }) => [id, outcome])).toEqual([
    ["pro_month", "created"],
    ["pro_year", "created"],
    ["pack_once", "created"],
  ]);
  expect(first.endpoint).toMatchObject({ outcome: "created", secret: expect.stringMatching(/^whsec_/) as string });
  const again = await tally.payment.setUp({ webhookUrl });
  expect(again.prices.map(({ outcome }) => outcome)).toEqual(["kept", "kept", "kept"]);
  expect(again.endpoint).toEqual({ id: first.endpoint?.id, outcome: "kept", secret: null });
  expect((await sdk.products.list()).data.map(({ id, name }) => `${id} ${name}`).toSorted()).toEqual([
    "tallystick_pack_pack Pack",
    "tallystick_plan_pro Pro",
  ]);
  expect((await sdk.prices.list()).data).toHaveLength(3);
  const [endpoint] = (await sdk.webhookEndpoints.list()).data;
  expect(endpoint?.enabled_events.toSorted()).toEqual(handledTypes.toSorted());
  expect(await tally.payment.checkCatalog()).toEqual({ checked: 3, problems: [] });
});

it("an endpoint that misses an event or is disabled is mended, and what differs is told and left alone", async () => {
  const { tally, sdk } = await atSandbox();
  const webhookUrl = "https://example.com/hook";
  const { id } = await sdk.webhookEndpoints.create({ url: webhookUrl, enabled_events: ["invoice.paid"] });
  const product = await sdk.products.create({ name: "Other" });
  await sdk.prices.create({ product: product.id, currency: "usd", unit_amount: 1, lookup_key: "pack_once" });
  const { prices: made, endpoint } = await tally.payment.setUp({ webhookUrl });
  expect(endpoint).toEqual({ id, outcome: "updated", secret: null });
  expect(made.at(-1)).toMatchObject({ id: "pack_once", outcome: "differs" });
  expect((await sdk.webhookEndpoints.retrieve(id)).enabled_events).toHaveLength(handledTypes.length);
});

it("a price without an amount is named and not made; without a key nothing can be set up", async () => {
  const unpriced = defineCatalog({ packs: [{ id: "pack", name: "Pack", credits: 5, priceId: "pack_once" }] });
  const { tally } = await atSandbox(unpriced);
  expect((await tally.payment.setUp()).prices).toEqual([{ id: "pack_once", providerId: null, outcome: "unpriced" }]);
  const { tally: keyless } = await setUp();
  await expect(keyless.payment.setUp()).rejects.toMatchObject({ code: "not_found" });
});

it("what was made is sold under the catalog's names: a checkout gives its pack's credits", async () => {
  const { tally: owner, sandbox, sdk, url, databaseUrl } = await atSandbox();
  const receiver: { tally?: Tallystick } = {};
  const server = await serve(async (request) => {
    return (await receiver.tally?.handlers.stripeWebhook(request)) ?? new Response(null, { status: 503 });
  });
  onTestFinished(async () => server[Symbol.asyncDispose]());
  const { endpoint, prices: made } = await owner.payment.setUp({ webhookUrl: `${server.origin}/hook` });
  const webhookSecrets = [endpoint?.secret ?? ""];
  const { tally } = await setUp({
    catalog,
    database: databaseUrl,
    payment: stripe({ secretKey: SANDBOX_KEY, apiBase: url, webhookSecrets }),
  });
  receiver.tally = tally;
  const price = made.find(({ id }) => id === "pack_once")?.providerId ?? "";
  const session = await sdk.checkout.sessions.create({
    mode: "payment",
    line_items: [{ price, quantity: 2 }],
    success_url: "https://example.com/",
    metadata: { userId: "ada" },
  });
  await payOnPage(session);
  await sandbox.settled();
  await tally.drain();
  expect((await tally.tasks.list({ status: "dead" })).items).toEqual([]);
  expect(await tally.credits.balance({ userId: "ada" })).toMatchObject({ balance: 1000 });
});
