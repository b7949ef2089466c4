// The shapes of what the sandbox says: every field of Stripe's published samples in the present one, and what readers of
// old payloads rely on in the old one.
import { readFileSync } from "node:fs";
import path from "node:path";
import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSandbox, type Sandbox } from "../../src/payment/provider/sandbox.ts";
import { listed, record, type Json } from "../../src/payment/provider/stripe/read.ts";
import { serve } from "../flows/server.ts";
import { createTestDatabase } from "../support/database.ts";
import { payOnPage, SANDBOX_KEY, sdkFor, testPrices } from "../support/sandbox.ts";

const file = path.resolve(import.meta.dirname, "../fixtures/stripe/openapi/samples.json");
const samples = JSON.parse(readFileSync(file, "utf8")) as Record<string, Json>;

let sandbox: Sandbox;
let sdk: Stripe;
let url: string;

beforeAll(async () => {
  sandbox = createSandbox({ database: await createTestDatabase(), prices: testPrices });
  ({ url } = await sandbox.start());
  sdk = sdkFor(url);
  const session = await sdk.checkout.sessions.create({
    mode: "subscription",
    line_items: [{ price: "price_pro_monthly", quantity: 1 }],
    success_url: "https://app.test/",
    subscription_data: { metadata: { userId: "u1" } },
  });
  await payOnPage(session, "4000000000000259");
  const [customer] = (await sdk.customers.list()).data;
  await sdk.invoiceItems.create({ customer: customer?.id ?? "", amount: 100, currency: "usd" });
  const intent = await sdk.paymentIntents.create({
    amount: 100,
    currency: "usd",
    payment_method: "pm_card_visa",
    confirm: true,
  });
  await sdk.refunds.create({ payment_intent: intent.id });
  // Nothing of that kind happens here: this endpoint hears nothing.
  await sdk.webhookEndpoints.create({ url: "http://127.0.0.1:9/", enabled_events: ["charge.failed"] });
  await sdk.testHelpers.testClocks.create({ frozen_time: 1_800_000_000 });
});

afterAll(async () => sandbox.stop());

async function latest(resource: string, version = "2026-10-28.endive"): Promise<Json> {
  const response = await fetch(`${url}/v1/${resource}`, {
    headers: { authorization: `Bearer ${SANDBOX_KEY}`, "stripe-version": version },
  });
  return listed(await response.json())[0] ?? {};
}

const addresses: Readonly<Record<string, string>> = {
  customer: "customers",
  product: "products",
  price: "prices",
  payment_method: "payment_methods",
  payment_intent: "payment_intents",
  charge: "charges",
  refund: "refunds",
  dispute: "disputes",
  balance_transaction: "balance_transactions",
  "checkout.session": "checkout/sessions",
  subscription: "subscriptions",
  invoice: "invoices",
  invoiceitem: "invoiceitems",
  invoice_payment: "invoice_payments",
  event: "events",
  webhook_endpoint: "webhook_endpoints",
  "test_helpers.test_clock": "test_helpers/test_clocks",
};

// Fields of the samples that the present API has only where they are expanded or asked for, or no more.
const leftOut: Readonly<Record<string, readonly string[]>> = {
  charge: ["refunds"],
  invoice: ["subscription"],
  payment_intent: ["managed_payments"],
  product: ["type"],
};

describe("in the present shape", () => {
  it.each(Object.keys(addresses))(
    "a %s has every field of Stripe's sample, and none of the sandbox's own",
    async (kind) => {
      const shown = await latest(addresses[kind] ?? "");
      const expected = Object.keys(samples[kind] ?? {}).filter((field) => leftOut[kind]?.includes(field) !== true);
      expect(Object.keys(shown)).toEqual(expect.arrayContaining(expected));
      expect(JSON.stringify(shown)).not.toMatch(/"_\w+":/);
    },
  );

  it("an invoice and its lines name the subscription by their parents, and the price by its pricing", async () => {
    const invoice = await latest("invoices");
    const subscription = await latest("subscriptions");
    expect(invoice["parent"]).toEqual({
      quote_details: null,
      subscription_details: { metadata: { userId: "u1" }, subscription: subscription["id"] },
      type: "subscription_details",
    });
    const [line] = listed(invoice["lines"]);
    expect(line?.["pricing"]).toMatchObject({ price_details: { price: "price_pro_monthly" } });
    expect(record(record(line?.["parent"])["subscription_item_details"])).toMatchObject({
      proration: false,
      subscription: subscription["id"],
    });
    expect(subscription).not.toHaveProperty("current_period_end");
    expect(invoice).not.toHaveProperty("payment_intent");
  });

  it("expansion gives an invoice's payments, a session's lines and the objects that ids name", async () => {
    const invoice = await sdk.invoices.retrieve(String((await latest("invoices"))["id"]), {
      expand: ["payments.data.payment.payment_intent", "customer"],
    });
    const [payment] = invoice.payments?.data ?? [];
    const intent = payment?.payment.payment_intent as Stripe.PaymentIntent;
    expect(intent.object).toBe("payment_intent");
    expect((invoice.customer as Stripe.Customer).object).toBe("customer");
    const session = await sdk.checkout.sessions.retrieve(String((await latest("checkout/sessions"))["id"]), {
      expand: ["line_items", "subscription.latest_invoice"],
    });
    expect(session.line_items?.data[0]?.price?.id).toBe("price_pro_monthly");
    expect(((session.subscription as Stripe.Subscription).latest_invoice as Stripe.Invoice).object).toBe("invoice");
  });
});

describe("in the old shape", () => {
  const OLD = "2022-08-01";

  it("an invoice names its subscription, payment intent and charge, and a line its price", async () => {
    const invoice = await latest("invoices", OLD);
    const charge = listed((await sdk.charges.list()) as unknown as Json).find(({ disputed }) => disputed === true);
    expect(invoice).toMatchObject({ paid: true, charge: charge?.["id"], payment_intent: charge?.["payment_intent"] });
    expect(invoice["subscription"]).toMatch(/^sub_/);
    expect(invoice).not.toHaveProperty("parent");
    const [line] = listed(invoice["lines"]);
    expect(line).toMatchObject({ price: { id: "price_pro_monthly" }, proration: false, type: "subscription" });
    expect(line).not.toHaveProperty("pricing");
  });

  it("a subscription has its period, and its items have none", async () => {
    const subscription = await latest("subscriptions", OLD);
    expect(subscription["current_period_end"]).toBeGreaterThan(Number(subscription["current_period_start"]));
    expect(listed(subscription["items"])[0]).not.toHaveProperty("current_period_end");
  });

  it("a charge embeds its refunds, and one of an invoice names it", async () => {
    const response = await fetch(`${url}/v1/charges`, {
      headers: { authorization: `Bearer ${SANDBOX_KEY}`, "stripe-version": OLD },
    });
    const charges = listed(await response.json());
    expect(charges.map(({ refunds }) => listed(refunds).length)).toEqual([1, 0]);
    expect(charges[1]?.["invoice"]).toMatch(/^in_/);
  });

  it("an endpoint hears the shape of its own API version, beside another that hears the present one", async () => {
    const heard = new Map<string, Json>();
    await using server = await serve(async (request) => {
      heard.set(new URL(request.url).pathname, record(await request.json()));
      return new Response();
    });
    for (const version of ["2024-06-20", "2026-10-28.endive"] as const) {
      await sdk.webhookEndpoints.create({
        url: `${server.origin}/${version}`,
        enabled_events: ["customer.subscription.updated"],
        api_version: version,
      });
    }
    const id = String((await latest("subscriptions"))["id"]);
    await sdk.subscriptions.update(id, { cancel_at_period_end: true });
    await sandbox.settled();
    const [old, present] = ["/2024-06-20", "/2026-10-28.endive"].map((place) => heard.get(place) ?? {});
    expect([old?.["api_version"], present?.["api_version"]]).toEqual(["2024-06-20", "2026-10-28.endive"]);
    expect(record(record(old?.["data"])["object"])).toHaveProperty("current_period_end");
    expect(record(record(present?.["data"])["object"])).not.toHaveProperty("current_period_end");
    expect(old?.["id"]).toBe(present?.["id"]);
  });
});
