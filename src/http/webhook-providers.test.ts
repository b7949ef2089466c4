// One webhook handler for whatever providers are configured.
import { describe, expect, it } from "vitest";
import { transaction } from "../../test/payment-conformance/paddle-objects.ts";
import { setUp, type Setup } from "../../test/flows/setup.ts";
import { invoice } from "../../test/flows/stripe-objects.ts";
import { eventBody, signatureOf, WEBHOOK_SECRET } from "../../test/support/engine.ts";
import { PADDLE_SECRET, paddleBody, paddleSignature } from "../../test/support/paddle.ts";
import { paddle } from "../payment/provider/paddle.ts";
import { stripe } from "../payment/provider/stripe.ts";

const stripeProvider = stripe({ webhookSecrets: WEBHOOK_SECRET });
const paddleProvider = paddle({ webhookSecrets: PADDLE_SECRET });
const both = async (): Promise<Setup> => setUp({ payment: [stripeProvider, paddleProvider] });

const stripeBody = (): string =>
  eventBody({
    type: "invoice.paid",
    id: "evt_1",
    object: invoice({ customer: "c_1", lines: [{ priceId: "price_pro_monthly" }] }),
  });
const paddleEvent = (): string => {
  const data = transaction({ customer: "c_1", lines: [{ priceId: "price_credits_basic" }] });
  return paddleBody({ type: "transaction.completed", eventId: "evt_1", data });
};

async function request(path: string, body: string): Promise<Request> {
  const headers = { "stripe-signature": await signatureOf(body), "paddle-signature": paddleSignature(body) };
  return new Request(`http://localhost${path}`, { method: "POST", body, headers });
}

describe("several providers", () => {
  it("each take their events by the path's last part, and keep ids and customers apart", async () => {
    const { tally, sql } = await both();
    expect(tally.payment.providers).toEqual(["stripe", "paddle"]);
    expect((await tally.handlers.webhook(await request("/api/webhooks/stripe", stripeBody()))).status).toBe(200);
    expect((await tally.handlers.webhook(await request("/hooks/paddle/?x=1", paddleEvent()))).status).toBe(200);
    await tally.drain();
    await tally.payment.linkCustomer({ customerId: "c_1", userId: "ada", provider: "stripe" });
    await tally.payment.linkCustomer({ customerId: "c_1", userId: "bob", provider: "paddle" });
    await tally.drain();
    expect(
      await sql.query(
        `select event.provider, event.event_id, event.status, payment.user_id from tallystick.webhook_event event
         join tallystick.payment using (provider) order by provider`,
      ),
    ).toEqual([
      { provider: "paddle", event_id: "evt_1", status: "processed", user_id: "bob" },
      { provider: "stripe", event_id: "evt_1", status: "processed", user_id: "ada" },
    ]);
  });

  it.each(["/", "/api/webhooks", "/api/webhooks/polar"])("at %s are unknown: 404, nothing stored", async (path) => {
    const { tally, sql } = await both();
    const response = await tally.handlers.webhook(await request(path, stripeBody()));
    expect([response.status, await response.json()]).toEqual([404, { error: "Unknown provider" }]);
    expect(await sql.query("select 1 from tallystick.webhook_event")).toEqual([]);
  });

  it("do not take each other's events", async () => {
    const { tally } = await both();
    const response = await tally.handlers.webhook(await request("/api/webhooks/stripe", paddleEvent()));
    expect([response.status, await response.json()]).toEqual([400, { error: "Invalid event" }]);
  });

  it("leave stripeWebhook to Stripe, at any path", async () => {
    const { tally } = await both();
    expect((await tally.handlers.stripeWebhook(await request("/x", stripeBody()))).status).toBe(200);
    expect((await tally.handlers.stripeWebhook(await request("/x", paddleEvent()))).status).toBe(400);
  });

  it("must be named where there is no path", async () => {
    const { tally } = await both();
    const named = tally.payment.linkCustomer({ customerId: "c_1", userId: "ada" });
    await expect(named).rejects.toMatchObject({ code: "invalid_request", message: /stripe, paddle/ });
    await expect(
      tally.payment.handleWebhookEvent(stripeBody(), new Headers(), { provider: "polar" }),
    ).rejects.toMatchObject({ code: "not_found" });
  });

  it("have names of their own that fit into a path", async () => {
    await expect(setUp({ payment: [stripeProvider, stripeProvider] })).rejects.toThrow(/one name/);
    await expect(setUp({ payment: { ...stripeProvider, name: "My Stripe" } })).rejects.toThrow(/My Stripe/);
  });
});

describe("an only provider", () => {
  it("takes its events at any path, also by stripeWebhook", async () => {
    const { tally } = await setUp({ payment: paddleProvider });
    expect((await tally.handlers.webhook(await request("/", paddleEvent()))).status).toBe(200);
    expect((await tally.handlers.stripeWebhook(await request("/x", paddleEvent()))).status).toBe(200);
  });
});

describe("an event of a provider that is not configured any more", () => {
  it("is a dead letter that names it, and is handled by a replay once it is configured again", async () => {
    const before = await both();
    await before.tally.handlers.webhook(await request("/paddle", paddleEvent()));
    const { tally } = await setUp({ database: before.databaseUrl, payment: stripeProvider });
    await tally.drain();
    const [dead] = (await tally.tasks.list()).items;
    expect(dead?.lastError).toContain("No payment provider paddle is configured");
    await before.tally.payment.linkCustomer({ customerId: "c_1", userId: "ada", provider: "paddle" });
    await before.tally.events.replay("evt_1");
    await before.tally.drain();
    expect(await before.tally.credits.balance({ userId: "ada" })).toMatchObject({ available: 100 });
  });
});
