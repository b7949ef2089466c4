// Selling over REST, against the sandbox over real HTTP.
import { expect, it } from "vitest";
import { callApi } from "../support/engine.ts";
import { startSandboxedEngine } from "../support/sandbox.ts";

const urls = { successUrl: "https://app.test/thanks", cancelUrl: "https://app.test/pricing" };

it("a subscription is bought, previewed, changed, cancelled and kept over REST, by its user alone", async () => {
  const world = await startSandboxedEngine();
  const call = async (path: string, body?: object, headers: Record<string, string> = {}) => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers };
    const response = await callApi(world.tally, `/billing${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const order = { userId: "u1", priceId: "price_pro_monthly", ...urls };
  const key = { "idempotency-key": "order-1" };
  const checkout = await call("/checkout", order, key);
  expect(checkout).toEqual(await call("/checkout", order, key));
  expect(checkout.status).toBe(200);
  const outcome = async (userId: string) => call(`/checkouts/${String(checkout.body["checkoutId"])}?userId=${userId}`);
  expect(await outcome("u1")).toMatchObject({ status: 200, body: { status: "open", credits: 0 } });

  const form = new URLSearchParams({ do: "pay", method: "4242424242424242" });
  await fetch(String(checkout.body["url"]), { method: "POST", redirect: "manual", body: form });
  await world.settle();
  expect(await outcome("u1")).toMatchObject({ body: { status: "granted", credits: 1000, planId: "pro" } });
  expect(await outcome("u2")).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });

  const { items } = (await call("/subscriptions?userId=u1")).body as { items: { subscriptionId: string }[] };
  expect(items).toMatchObject([{ planId: "pro", status: "active", cancelAtPeriodEnd: false }]);
  const path = `/subscriptions/${items[0]?.subscriptionId}`;
  const yearly = { userId: "u1", priceId: "price_pro_yearly" };
  expect(await call(`${path}/preview`, yearly)).toMatchObject({ status: 200, body: { currency: "usd" } });
  expect(await call(`${path}/change`, yearly)).toMatchObject({
    status: 200,
    body: { items: [{ priceId: "price_pro_yearly", quantity: 1 }], pending: null },
  });
  const end = { userId: "u1", when: "period_end" };
  expect(await call(`${path}/cancel`, end)).toMatchObject({ status: 200, body: { cancelAtPeriodEnd: true } });
  expect(await call(`${path}/resume`, { userId: "u1" })).toMatchObject({ body: { cancelAtPeriodEnd: false } });
  expect(await call(`${path}/cancel`, { ...end, userId: "u2" })).toMatchObject({ status: 404 });
  expect(await call("/portal", { userId: "u1", returnUrl: "https://app.test" })).toMatchObject({ status: 200 });
});

it("an amount, or credits, are no part of an order", async () => {
  const { tally } = await startSandboxedEngine();
  for (const wrong of [{ amount: 1 }, { credits: 1_000_000 }, { priceId: "price_other" }, { successUrl: "/thanks" }]) {
    const body = JSON.stringify({ userId: "u1", priceId: "price_credits_basic", ...urls, ...wrong });
    const response = await callApi(tally, "/billing/checkout", { method: "POST", body });
    expect(response.status).toBe(400);
  }
});
