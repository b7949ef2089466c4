// The sandbox speaks Stripe's protocol: forms, errors, pages, idempotency, expansion, versions; and its API goes wrong
// where it is told to.
import Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSandbox, type Sandbox } from "../../src/payment/provider/sandbox.ts";
import { createTestDatabase } from "../support/database.ts";
import { control, SANDBOX_KEY, sdkFor, testPrices } from "../support/sandbox.ts";

let sandbox: Sandbox;
let sdk: Stripe;
let url: string;

beforeAll(async () => {
  sandbox = createSandbox({ database: await createTestDatabase(), prices: testPrices });
  ({ url } = await sandbox.start());
  sdk = sdkFor(url);
});

afterAll(async () => sandbox.stop());

type Init = Omit<RequestInit, "headers"> & { readonly headers?: Record<string, string> };

async function raw(path: string, init: Init = {}) {
  const headers = { authorization: `Bearer ${SANDBOX_KEY}`, ...init.headers };
  const response = await fetch(`${url}${path}`, { ...init, headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

describe("an answer", () => {
  it("has a request id and the API version that was asked for", async () => {
    const { headers } = await raw("/v1/customers", { headers: { "stripe-version": "2024-06-20" } });
    expect(headers.get("request-id")).toMatch(/^req_/);
    expect(headers.get("stripe-version")).toBe("2024-06-20");
  });

  it.each<[string, string, Init, number, object]>([
    ["an unknown object", "/v1/customers/cus_none", {}, 404, { code: "resource_missing", param: "id" }],
    ["a missing parameter", "/v1/prices", { method: "POST" }, 400, { code: "parameter_missing", param: "product" }],
    ["no key", "/v1/customers", { headers: { authorization: "" } }, 401, { type: "invalid_request_error" }],
    ["a live key", "/v1/customers", { headers: { authorization: "Bearer sk_live_secret1" } }, 401, {}],
    ["an unknown address", "/v1/nothing", {}, 404, { type: "invalid_request_error" }],
    ["no whole number", "/v1/customers?limit=x", {}, 400, { param: "limit" }],
    [
      "what would change an amount unseen",
      "/v1/customers",
      { method: "POST", body: "coupon=x" },
      400,
      { code: "parameter_unknown" },
    ],
    ["an unknown path to expand", "/v1/customers?expand[]=data.nothing", {}, 200, {}],
  ])("to %s is Stripe's", async (_, path, init, status, error) => {
    const answer = await raw(path, init);
    expect(answer.status).toBe(status);
    if (status >= 400) expect(answer.body["error"]).toMatchObject(error);
    expect(JSON.stringify(answer.body)).not.toContain("secret1");
  });

  it("to a declined card is an error of the card, and what was declined is there", async () => {
    const declined = sdk.paymentIntents.create({
      amount: 500,
      currency: "usd",
      payment_method: "pm_card_chargeDeclinedInsufficientFunds",
      confirm: true,
    });
    const error = (await declined.catch((cause: unknown) => cause)) as Stripe.errors.StripeCardError;
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({ code: "card_declined", decline_code: "insufficient_funds", statusCode: 402 });
    const intent = await sdk.paymentIntents.retrieve(error.payment_intent?.id ?? "");
    expect(intent.status).toBe("requires_payment_method");
  });
});

describe("a list", () => {
  it("is newest first, in pages forwards and backwards, and says whether there is more", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1)
      ids.unshift((await sdk.customers.create({ email: "list@example.com" })).id);
    const first = await sdk.customers.list({ email: "list@example.com", limit: 2 });
    expect(first).toMatchObject({ has_more: true, url: "/v1/customers" });
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const back = await sdk.customers.list({ email: "list@example.com", ending_before: ids[4] ?? "", limit: 2 });
    expect(back.data.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    const all = await sdk.customers.list({ email: "list@example.com", limit: 2 }).autoPagingToArray({ limit: 100 });
    expect(all.map(({ id }) => id)).toEqual(ids);
  });

  it("of events is filtered by type, types and time", async () => {
    const since = Math.floor(Date.now() / 1000) - 3600;
    await sdk.products.create({ name: "listed" });
    const byType = await sdk.events.list({ type: "product.created", created: { gte: since } });
    expect(byType.data[0]?.data.object).toMatchObject({ name: "listed" });
    const byTypes = await sdk.events.list({ types: ["product.created", "customer.created"], limit: 100 });
    expect(new Set(byTypes.data.map(({ type }) => type))).toEqual(new Set(["product.created", "customer.created"]));
    expect((await sdk.events.list({ created: { gt: since + 7200 } })).data).toEqual([]);
  });

  it("of prices finds lookup keys, and a key moves where that is asked", async () => {
    const product = await sdk.products.create({ name: "keyed" });
    const price = { product: product.id, currency: "eur", unit_amount: 100, lookup_key: "keyed" };
    const first = await sdk.prices.create({ ...price, currency_options: { jpy: { unit_amount: 150 } } });
    await expect(sdk.prices.create(price)).rejects.toThrow(/already uses that lookup key/);
    const second = await sdk.prices.create({ ...price, transfer_lookup_key: true });
    expect((await sdk.prices.list({ lookup_keys: ["keyed"] })).data.map(({ id }) => id)).toEqual([second.id]);
    expect((await sdk.prices.retrieve(first.id)).currency_options?.["jpy"]?.unit_amount).toBe(150);
  });
});

describe("an idempotency key", () => {
  it("has one effect and the same answer, and refuses other parameters", async () => {
    const options = { idempotencyKey: "once" };
    const first = await sdk.customers.create({ name: "once" }, options);
    const again = await sdk.customers.create({ name: "once" }, options);
    expect(again).toEqual(first);
    expect(again.lastResponse.headers["idempotent-replayed"]).toBe("true");
    await expect(sdk.customers.create({ name: "twice" }, options)).rejects.toThrow(
      Stripe.errors.StripeIdempotencyError,
    );
  });

  it("refuses a second request while the first is under way", async () => {
    const options = { idempotencyKey: "at once" };
    const asked = Array.from({ length: 5 }, async () => sdk.customers.create({ name: "once" }, options));
    const answers = await Promise.allSettled(asked);
    const ids = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.id] : []));
    expect(new Set(ids).size).toBe(1);
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) {
      expect(error).toMatchObject({ statusCode: 409, code: "idempotency_key_in_use" });
    }
  });

  it("keeps a declined card's answer too", async () => {
    const params = { amount: 500, currency: "usd", payment_method: "pm_card_chargeCustomerFail", confirm: true };
    const ids = [];
    for (let time = 0; time < 2; time += 1) {
      const declined = sdk.paymentIntents.create(params, { idempotencyKey: "declined" });
      const error = (await declined.catch((cause: unknown) => cause)) as Stripe.errors.StripeCardError;
      ids.push(error.payment_intent?.id);
    }
    expect(ids[1]).toBe(ids[0]);
  });

  it("makes a request whose answer was lost safe to repeat", async () => {
    await control(url, "/api-faults", { faults: [{ kind: "500", after: true, times: 1, path: "/v1/products" }] });
    const options = { idempotencyKey: "lost" };
    await expect(sdk.products.create({ name: "lost" }, options)).rejects.toMatchObject({ statusCode: 500 });
    const product = await sdk.products.create({ name: "lost" }, options);
    expect(product.lastResponse.headers["idempotent-replayed"]).toBe("true");
  });
});

describe("the API told to fail", () => {
  it.each([
    ["500", 500],
    ["429", 429],
  ])("answers %s as often as it was told to, without the effect", async (kind, statusCode) => {
    await control(url, "/api-faults", { faults: [{ kind, times: 1 }] });
    await expect(sdk.customers.create({ email: `${kind}@example.com` })).rejects.toMatchObject({ statusCode });
    expect((await sdk.customers.list({ email: `${kind}@example.com` })).data).toEqual([]);
  });

  it("does not answer at all", async () => {
    await control(url, "/api-faults", { faults: [{ kind: "timeout", times: 1, hold_ms: 1 }] });
    // Not by the SDK, which asks again at once when a connection is closed.
    await expect(raw("/v1/customers")).rejects.toThrow("fetch failed");
    await sdk.customers.list();
  });
});

describe("the control API", () => {
  it("asks for the key, and refuses what it does not know", async () => {
    expect((await fetch(`${url}/sandbox/books`)).status).toBe(401);
    await expect(control(url, "/settings", { nonsense: 1 })).rejects.toThrow(/nonsense/);
  });

  it("moves everyone's clock forward, never back", async () => {
    const before = await control<{ now: number }>(url, "/clock");
    const after = await control<{ now: number }>(url, "/clock", { advance_s: 86_400 });
    expect(after.now - before.now).toBeGreaterThanOrEqual(86_400);
    await expect(control(url, "/clock", { advance_to: before.now })).rejects.toThrow(/only be advanced/);
  });
});

describe("a portal session", () => {
  it("shows the subscriptions and invoices, and cancels at the period's end", async () => {
    const customer = await sdk.customers.create({
      payment_method: "pm_card_visa",
      invoice_settings: { default_payment_method: "pm_card_visa" },
    });
    const subscription = await sdk.subscriptions.create({
      customer: customer.id,
      items: [{ price: "price_pro_monthly" }],
    });
    const portal = await sdk.billingPortal.sessions.create({ customer: customer.id, return_url: "https://app.test/" });
    const page = await (await fetch(portal.url)).text();
    expect(page).toContain("price_pro_monthly");
    expect(page).toContain("https://app.test/");
    await fetch(portal.url, { method: "POST", body: new URLSearchParams({ do: "cancel", of: subscription.id }) });
    expect((await sdk.subscriptions.retrieve(subscription.id)).cancel_at_period_end).toBe(true);
  });
});
