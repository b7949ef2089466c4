// Selling through the library, against the sandbox over real HTTP: what is bought is granted, once, to whom it belongs.
import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/db/database.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { defineCatalog, type Tallystick } from "../../src/index.ts";
import { createTestEngine } from "../support/engine.ts";
import { SANDBOX_KEY, startSandboxedEngine, type SandboxedEngine } from "../support/sandbox.ts";
import { setUp } from "./setup.ts";

const urls = { successUrl: "https://app.test/thanks", cancelUrl: "https://app.test/pricing" };

async function pay(url: string, method = "4242424242424242"): Promise<Response> {
  const body = new URLSearchParams({ do: "pay", method, email: "payer@example.com" });
  return fetch(url, { method: "POST", redirect: "manual", body });
}

/** Buys on the hosted page and lets the events arrive. */
async function buy(world: SandboxedEngine, userId: string, priceId: string): Promise<string> {
  const { checkoutId, url } = await world.tally.billing.checkout({ userId, priceId, ...urls });
  expect((await pay(url)).status).toBe(303);
  await world.settle();
  return checkoutId;
}

describe("a checkout", () => {
  it("that is paid on the hosted page grants exactly once, whatever is delivered twice", async () => {
    const world = await startSandboxedEngine({});
    const { tally } = world;
    const order = { userId: "u1", priceId: "price_credits_plus", quantity: 2, email: "u1@example.com", ...urls };
    const { checkoutId, url } = await tally.billing.checkout(order);
    const outcome = async () => tally.billing.checkoutOutcome({ userId: "u1", checkoutId });
    const open = { checkoutId, status: "open", credits: 0, priceId: "price_credits_plus", planId: null };
    expect(await outcome()).toEqual(open);

    const paid = await pay(url);
    expect(paid.headers.get("location")).toBe(`https://app.test/thanks?checkout_id=${checkoutId}`);
    await world.settle();
    expect(await outcome()).toEqual({ ...open, status: "granted", credits: 1000 });
    for (const event of (await world.sdk.events.list({ type: "checkout.session.completed" })).data) {
      await tally.events.replay(event.id);
    }
    await world.settle();
    expect(await world.balance("u1")).toBe(1000);
    const session = await world.sdk.checkout.sessions.retrieve(checkoutId, { expand: ["payment_intent", "customer"] });
    const metadata = { userId: "u1", priceId: "price_credits_plus" };
    expect(session).toMatchObject({ client_reference_id: "u1", metadata, payment_intent: { metadata } });
    expect(session.customer).toMatchObject({ email: "u1@example.com", metadata: { userId: "u1" } });
  });

  it("of a plan is a subscription, whose outcome is its invoice's", async () => {
    const world = await startSandboxedEngine({});
    const checkoutId = await buy(world, "u1", "price_pro_monthly");
    expect(await world.tally.billing.checkoutOutcome({ userId: "u1", checkoutId })).toEqual({
      checkoutId,
      status: "granted",
      credits: 1000,
      priceId: "price_pro_monthly",
      planId: "pro",
    });
    const [subscription] = await world.tally.billing.subscriptions("u1");
    expect(subscription).toMatchObject({ planId: "pro", priceId: "price_pro_monthly", status: "active", endsAt: null });
    const told = await world.sdk.subscriptions.retrieve(subscription?.subscriptionId ?? "");
    expect(told.metadata).toEqual({ userId: "u1", priceId: "price_pro_monthly" });
  });

  it("of a plan is under way while only its payment is told, and not yet whose it is", async () => {
    const world = await startSandboxedEngine({});
    const { tally } = world;
    const { checkoutId, url } = await tally.billing.checkout({ userId: "u1", priceId: "price_pro_monthly", ...urls });
    await pay(url);
    await world.sandbox.settled();
    const sql = connect(world.databaseUrl, { poolSize: 1 });
    onTestFinished(async () => sql.close());
    await sql.query(
      `update tallystick.task set run_at = now() + interval '1 hour' where (payload ->> 'eventId')::bigint in (
         select id from tallystick.webhook_event where type <> 'invoice_payment.paid')`,
    );
    await sql.query("update tallystick.task_lane set ready_at = now()");
    await tally.drain();
    expect(await sql.query("select user_id from tallystick.payment")).toEqual([{ user_id: null }]);
    const outcome = async (userId: string) => tally.billing.checkoutOutcome({ userId, checkoutId });
    expect(await outcome("u1")).toMatchObject({ status: "processing", planId: "pro" });
    await expect(outcome("u2")).rejects.toMatchObject({ code: "not_found" });
    await world.settle();
    expect(await outcome("u1")).toMatchObject({ status: "granted", credits: 1000 });
  });

  it("of a yearly plan, and of a lifetime, grants the first month", async () => {
    const world = await startSandboxedEngine({});
    for (const [userId, priceId] of [
      ["year", "price_pro_yearly"],
      ["life", "price_lifetime"],
    ] as const) {
      const checkoutId = await buy(world, userId, priceId);
      const outcome = await world.tally.billing.checkoutOutcome({ userId, checkoutId });
      expect(outcome).toMatchObject({ status: "granted", credits: 1000, priceId });
      expect(await world.balance(userId)).toBe(1000);
    }
  });

  it("is processing while the bank settles or the event is not here, and failed when the money does not come", async () => {
    const world = await startSandboxedEngine({});
    const { tally } = world;
    const { checkoutId, url } = await tally.billing.checkout({ userId: "u1", priceId: "price_credits_basic", ...urls });
    await pay(url, "AT861904300235473202");
    await world.sandbox.settled();
    expect(await tally.billing.checkoutOutcome({ userId: "u1", checkoutId })).toMatchObject({ status: "processing" });
    await world.settle();
    await world.control("/clock", { advance_s: 10 * 86_400 });
    await world.settle();
    expect(await tally.billing.checkoutOutcome({ userId: "u1", checkoutId })).toMatchObject({
      status: "failed",
      credits: 0,
    });
  });

  it("of a plan with a trial is free at first for who never subscribed, and paid by who did", async () => {
    const prices = [{ id: "price_pro_monthly", interval: "month" as const }];
    const plan = { id: "pro", name: "Pro", credits: 1000, trialDays: 14, trialCredits: 50, prices };
    const catalog = defineCatalog({ plans: [plan] });
    const world = await startSandboxedEngine({}, { catalog });
    const { tally } = world;
    const first = await buy(world, "u1", "price_pro_monthly");
    expect(await tally.billing.checkoutOutcome({ userId: "u1", checkoutId: first })).toMatchObject({
      status: "granted",
      credits: 50,
    });
    const [subscription] = await tally.billing.subscriptions("u1");
    expect(subscription).toMatchObject({ status: "trialing", planId: "pro" });
    await tally.billing.cancel({ userId: "u1", subscriptionId: subscription?.subscriptionId ?? "", when: "now" });
    await world.settle();
    await buy(world, "u1", "price_pro_monthly");
    expect(await tally.billing.subscriptions("u1")).toMatchObject([{ status: "active" }, { status: "canceled" }]);
    expect(await world.balance("u1")).toBe(1050);
  });

  it("that is left is expired", async () => {
    const world = await startSandboxedEngine({});
    const order = { userId: "u1", priceId: "price_credits_basic", ...urls };
    const { checkoutId } = await world.tally.billing.checkout(order);
    await world.sdk.checkout.sessions.expire(checkoutId);
    expect(await world.tally.billing.checkoutOutcome({ userId: "u1", checkoutId })).toMatchObject({
      status: "expired",
    });
  });

  it("of a plan ends the open ones of that plan, so that one is paid, and nothing else that is open", async () => {
    const catalog = defineCatalog({
      plans: [
        {
          id: "pro",
          name: "Pro",
          credits: 1000,
          prices: [
            { id: "price_pro_monthly", interval: "month" },
            { id: "price_pro_yearly", interval: "year" },
          ],
        },
        { id: "team", name: "Team", credits: 10, prices: [{ id: "price_team", interval: "month" }] },
      ],
      packs: [{ id: "basic", name: "100 credits", credits: 100, priceId: "price_credits_basic" }],
    });
    const world = await startSandboxedEngine(
      {
        prices: [
          { id: "price_pro_monthly", unit_amount: 1, interval: "month" },
          { id: "price_pro_yearly", unit_amount: 1, interval: "year" },
          { id: "price_team", unit_amount: 1, interval: "month" },
          { id: "price_credits_basic", unit_amount: 1, interval: null },
        ],
      },
      { catalog },
    );
    const open = async (priceId: string, userId = "u1") => world.tally.billing.checkout({ userId, priceId, ...urls });
    const monthly = await open("price_pro_monthly");
    const kept = [await open("price_credits_basic"), await open("price_team"), await open("price_pro_monthly", "u2")];
    const yearly = await open("price_pro_yearly");
    const status = async ({ checkoutId }: { checkoutId: string }) =>
      (await world.sdk.checkout.sessions.retrieve(checkoutId)).status;
    expect(await status(monthly)).toBe("expired");
    expect((await pay(monthly.url)).status).not.toBe(303);
    expect(await Promise.all([...kept, yearly].map(status))).toEqual(["open", "open", "open", "open"]);
    expect((await pay(yearly.url)).status).toBe(303);
    await world.settle();
    expect(await world.tally.billing.subscriptions("u1")).toMatchObject([{ priceId: "price_pro_yearly" }]);
  });

  it("of a plan that another has ended is opened anew under its key, and one that was paid is not", async () => {
    const world = await startSandboxedEngine({});
    const order = (priceId: string, idempotencyKey: string) => ({ userId: "u1", priceId, idempotencyKey, ...urls });
    const first = await world.tally.billing.checkout(order("price_pro_monthly", "k1"));
    await world.tally.billing.checkout(order("price_pro_yearly", "k2"));
    const again = await world.tally.billing.checkout(order("price_pro_monthly", "k1"));
    expect(again.checkoutId).not.toBe(first.checkoutId);
    expect(await world.tally.billing.checkout(order("price_pro_monthly", "k1"))).toEqual(again);
    expect((await pay(again.url)).status).toBe(303);
    expect((await world.tally.billing.checkout(order("price_pro_monthly", "k1"))).checkoutId).toBe(again.checkoutId);
  });

  it("of a plan that is opened several times at once leaves one that can be paid", async () => {
    const world = await startSandboxedEngine({});
    const order = { userId: "u1", priceId: "price_pro_monthly", ...urls };
    await Promise.all(Array.from({ length: 5 }, async () => world.tally.billing.checkout(order)));
    expect((await world.sdk.checkout.sessions.list({ status: "open" })).data).toHaveLength(1);
  });

  it("is told to nobody but its user, before and after it is paid", async () => {
    const world = await startSandboxedEngine({});
    const { tally } = world;
    const { checkoutId, url } = await tally.billing.checkout({ userId: "u1", priceId: "price_credits_basic", ...urls });
    const asked = tally.billing.checkoutOutcome({ userId: "u2", checkoutId });
    await expect(asked).rejects.toMatchObject({ code: "not_found", message: "The user has no such checkout." });
    await pay(url);
    await world.settle();
    for (const id of [checkoutId, "cs_test_unknown"]) {
      const again = tally.billing.checkoutOutcome({ userId: "u2", checkoutId: id });
      await expect(again).rejects.toMatchObject({ code: "not_found", message: "The user has no such checkout." });
    }
  });

  it("is the same under the same key of the same user, another under another, and never another order", async () => {
    const { tally } = await startSandboxedEngine({});
    const order = { userId: "u1", priceId: "price_credits_basic", idempotencyKey: "k", ...urls };
    const first = await tally.billing.checkout(order);
    expect(await tally.billing.checkout(order)).toEqual(first);
    expect(await tally.billing.checkout({ ...order, userId: "u2" })).not.toEqual(first);
    await expect(tally.billing.checkout({ ...order, quantity: 2 })).rejects.toMatchObject({
      code: "idempotency_conflict",
    });
  });

  it("sells what has Stripe's own id and only the catalog's name as its lookup key", async () => {
    const prices = [{ id: "price_other", unit_amount: 1, interval: "month" }] as const;
    const world = await startSandboxedEngine({ prices });
    const product = await world.sdk.products.create({ name: "100 credits" });
    await world.sdk.prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: 500,
      lookup_key: "price_credits_basic",
    });
    await buy(world, "u1", "price_credits_basic");
    expect(await world.balance("u1")).toBe(100);
    const missing = world.tally.billing.checkout({ userId: "u1", priceId: "price_credits_max", ...urls });
    await expect(missing).rejects.toMatchObject({ code: "invalid_state" });
  });
});

describe("a checkout is refused", () => {
  it.each([
    ["a price that the catalog has not", { priceId: "price_other" }],
    ["no number of things", { quantity: 0 }],
    ["part of a thing", { quantity: 1.5 }],
    ["too many", { quantity: 101 }],
    ["a relative address", { successUrl: "/thanks" }],
    ["another scheme", { cancelUrl: "javascript:alert(1)" }],
    ["an address with credentials", { cancelUrl: "https://a:b@app.test" }],
    ["no user", { userId: "" }],
  ])("with %s, and nothing is asked of Stripe", async (_, wrong) => {
    const { tally } = await setUp({
      payment: stripe({ secretKey: SANDBOX_KEY, webhookSecrets: ["whsec_x"], apiBase: "http://127.0.0.1:9" }),
    });
    const order = { userId: "u1", priceId: "price_credits_basic", ...urls, ...wrong };
    await expect(tally.billing.checkout(order)).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("without a secret key, and without a provider", async () => {
    const { tally, databaseUrl } = await setUp();
    const order = { userId: "u1", priceId: "price_credits_basic", ...urls };
    await expect(tally.billing.checkout(order)).rejects.toMatchObject({ code: "invalid_state" });
    const none = await setUp({ database: databaseUrl, payment: [] });
    await expect(none.tally.billing.checkout(order)).rejects.toMatchObject({ code: "not_found" });
  });

  it("to a frozen user, an erased one, and what stands in an erased one's place", async () => {
    const world = await startSandboxedEngine({});
    const { tally } = world;
    await buy(world, "u1", "price_credits_basic");
    const { alias } = await tally.users.erase({ userId: "u1" });
    await tally.credits.freeze({ userId: "u2", actor: "test", reason: "fraud" });
    const refused = async (userId: string) =>
      tally.billing.checkout({ userId, priceId: "price_credits_basic", ...urls }).catch((error: unknown) => error);
    expect(await refused(alias)).toMatchObject({ code: "invalid_state" });
    expect(await refused("u1")).toMatchObject({ code: "invalid_state" });
    expect(await refused("u2")).toMatchObject({ code: "account_frozen" });
    expect((await world.sdk.customers.list()).data).toHaveLength(1);
  });

  it("of a plan that the user subscribes to, until that has ended", async () => {
    const world = await startSandboxedEngine({});
    const { tally } = world;
    await buy(world, "u1", "price_pro_monthly");
    const again = tally.billing.checkout({ userId: "u1", priceId: "price_pro_yearly", ...urls });
    await expect(again).rejects.toMatchObject({ code: "invalid_state", message: expect.stringContaining("change") });
    const [subscription] = await tally.billing.subscriptions("u1");
    await world.sdk.subscriptions.cancel(subscription?.subscriptionId ?? "");
    await world.settle();
    await buy(world, "u1", "price_pro_yearly");
  });
});

describe("a user has one customer", () => {
  async function customers({ sdk }: SandboxedEngine): Promise<string[]> {
    return (await sdk.customers.list({ limit: 100 })).data.map(({ id }) => id);
  }

  it("also when twenty checkouts come at once, to several processes", async () => {
    const world = await startSandboxedEngine({});
    const payment = () => stripe({ secretKey: SANDBOX_KEY, apiBase: world.url, webhookSecrets: ["whsec_x"] });
    const others: Tallystick[] = [];
    for (let n = 0; n < 3; n += 1) {
      others.push((await createTestEngine({ database: world.databaseUrl, payment: payment() })).tally);
    }
    const order = { userId: "u1", priceId: "price_credits_basic", ...urls };
    const checkouts = await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        (others[n % others.length] ?? world.tally).billing.checkout({ ...order, email: `${n}@example.com` }),
      ),
    );
    await Promise.all(others.map(async (tally) => tally.close()));
    expect(new Set(checkouts.map(({ checkoutId }) => checkoutId)).size).toBe(20);
    expect(await customers(world)).toHaveLength(1);
    const sql = connect(world.databaseUrl, { poolSize: 1 });
    const rows = await sql.query("select user_id, claimed from tallystick.customer");
    await sql.close();
    expect(rows).toEqual([{ user_id: "u1", claimed: false }]);
  });

  it("and gets another only when the first was deleted at Stripe", async () => {
    const world = await startSandboxedEngine({});
    const order = { userId: "u1", priceId: "price_credits_basic", ...urls };
    await world.tally.billing.checkout(order);
    await world.tally.billing.checkout(order);
    const [first = ""] = await customers(world);
    expect(await customers(world)).toEqual([first]);
    await world.sdk.customers.del(first);
    await world.tally.billing.checkout(order);
    await world.tally.billing.checkout(order);
    const [second, ...more] = await customers(world);
    expect([second === first, more]).toEqual([false, []]);
  });

  it("of its own, never one that a payer claimed for it", async () => {
    const world = await startSandboxedEngine({});
    const session = await world.sdk.checkout.sessions.create({
      mode: "payment",
      customer_creation: "always",
      client_reference_id: "u1",
      line_items: [{ price: "price_credits_basic", quantity: 1 }],
      success_url: urls.successUrl,
    });
    await pay(session.url ?? "");
    await world.settle();
    const [stranger] = await customers(world);
    const { checkoutId } = await world.tally.billing.checkout({
      userId: "u1",
      priceId: "price_credits_basic",
      ...urls,
    });
    const { customer } = await world.sdk.checkout.sessions.retrieve(checkoutId);
    expect(customer).not.toBe(stranger);
  });
});
