// Deliveries: signed, retried until 2xx, kept over a restart, and misbehaving where they are told to.
import Stripe from "stripe";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSandbox, type Sandbox } from "../../src/payment/provider/sandbox.ts";
import { serve } from "../flows/server.ts";
import { createTestDatabase } from "../support/database.ts";
import { control, sdkFor } from "../support/sandbox.ts";

interface Heard {
  readonly event: Stripe.Event;
  readonly header: string;
  readonly body: string;
}

interface Listener {
  readonly heard: Heard[];
  readonly url: string;
  /** The status to answer with; a redirect names a place to go. */
  answer: number;
  /** Resolves with the next delivery. */
  next(): Promise<Heard>;
}

async function listenFor(): Promise<Listener> {
  const waiting: ((heard: Heard) => void)[] = [];
  const heard: Heard[] = [];
  const server = await serve(async (request) => {
    const body = await request.text();
    const one = {
      event: JSON.parse(body) as Stripe.Event,
      header: request.headers.get("stripe-signature") ?? "",
      body,
    };
    heard.push(one);
    for (const resolve of waiting.splice(0)) resolve(one);
    const { answer } = listener;
    return new Response(null, { status: answer, headers: answer === 302 ? { location: "http://127.0.0.1:1/" } : {} });
  });
  onTestFinished(async () => server[Symbol.asyncDispose]());
  const listener: Listener = {
    heard,
    url: `${server.origin}/hook`,
    answer: 200,
    next: async () => new Promise((resolve) => waiting.push(resolve)),
  };
  return listener;
}

async function startSandbox(
  database?: string,
  random?: () => number,
): Promise<{ sandbox: Sandbox; url: string; database: string }> {
  const source = database ?? (await createTestDatabase());
  const sandbox = createSandbox({ database: source, random });
  const { url } = await sandbox.start();
  onTestFinished(async () => sandbox.stop());
  return { sandbox, url, database: source };
}

const verify = async ({ body, header }: Heard, secret: string) =>
  Stripe.webhooks.constructEventAsync(body, header, secret);

describe("a delivery", () => {
  it("goes to the enabled endpoints whose events match, signed with the secret of each", async () => {
    const { sandbox, url } = await startSandbox();
    const sdk = sdkFor(url);
    const [all, some, none] = [await listenFor(), await listenFor(), await listenFor()];
    const secrets = [];
    for (const [listener, events] of [
      [all, ["*"]],
      [some, ["customer.created"]],
      [none, ["charge.failed"]],
    ] as const) {
      const endpoint = await sdk.webhookEndpoints.create({ url: listener.url, enabled_events: [...events] });
      secrets.push(endpoint.secret ?? "");
    }
    const customer = await sdk.customers.create({ name: "A" });
    await sdk.customers.update(customer.id, { name: "B" });
    await sandbox.settled();
    expect(all.heard.map(({ event }) => event.type).toSorted()).toEqual(["customer.created", "customer.updated"]);
    expect(some.heard.map(({ event }) => event.type)).toEqual(["customer.created"]);
    expect(none.heard).toEqual([]);
    const [first] = some.heard;
    expect(await verify(first as Heard, secrets[1] ?? "")).toMatchObject({ type: "customer.created", livemode: false });
    await expect(verify(first as Heard, secrets[0] ?? "")).rejects.toThrow("No signatures found");
    const updated = all.heard.find(({ event }) => event.type === "customer.updated");
    expect(updated?.event.data.previous_attributes).toEqual({ name: "A" });
  });

  it.each([[500], [302], [404]])("that is answered %i is a failure and is tried again", async (answer) => {
    const { sandbox, url } = await startSandbox();
    const listener = await listenFor();
    await sandbox.endpoint(listener.url);
    listener.answer = answer;
    const first = listener.next();
    await sdkFor(url).customers.create();
    await first;
    listener.answer = 200;
    const second = listener.next();
    await control(url, "/deliveries/retry", {});
    expect((await second).event.id).toBe((await first).event.id);
    await sandbox.settled();
    const { deliveries } = await control<{ deliveries: object[] }>(url, "/deliveries");
    expect(deliveries).toMatchObject([{ status: "delivered", attempts: 2 }]);
  });

  it("that was not made before the sandbox stopped is made after the next start", async () => {
    const before = await startSandbox();
    const listener = await listenFor();
    await before.sandbox.endpoint(listener.url);
    listener.answer = 503;
    const first = listener.next();
    await sdkFor(before.url).customers.create();
    await first;
    await before.sandbox.stop();
    listener.answer = 200;
    const after = await startSandbox(before.database);
    await after.sandbox.settled();
    expect(listener.heard.length).toBeGreaterThan(1);
    expect(new Set(listener.heard.map(({ event }) => event.id)).size).toBe(1);
  });

  it("has two signatures while a secret is rolled, and one when the old one has expired", async () => {
    const { sandbox, url } = await startSandbox();
    const listener = await listenFor();
    const { id, secret: old } = await sandbox.endpoint(listener.url);
    const { secret } = await control<{ secret: string }>(url, `/endpoints/${id}/roll`, { expires_in_s: 3600 });
    await sdkFor(url).customers.create();
    await sandbox.settled();
    const [both] = listener.heard as [Heard];
    expect(both.header.match(/v1=/g)).toHaveLength(2);
    await verify(both, old);
    await verify(both, secret);
    const { secret: newest } = await control<{ secret: string }>(url, `/endpoints/${id}/roll`, { expires_in_s: 0 });
    await sdkFor(url).customers.create();
    await sandbox.settled();
    const last = listener.heard.at(-1) as Heard;
    expect(last.header.match(/v1=/g)).toHaveLength(1);
    await verify(last, newest);
  });

  it("says what the list of events says, word for word", async () => {
    const { sandbox, url } = await startSandbox();
    const sdk = sdkFor(url);
    const listener = await listenFor();
    await sandbox.endpoint(listener.url);
    const price = await sdk.prices.create({
      currency: "usd",
      unit_amount: 1_000,
      recurring: { interval: "month" },
      product_data: { name: "Pro" },
    });
    const customer = await sdk.customers.create({ payment_method: "pm_card_visa" });
    await sdk.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      default_payment_method: (await sdk.customers.listPaymentMethods(customer.id)).data[0]?.id ?? "",
    });
    await sandbox.settled();
    const listed = new Map((await sdk.events.list({ limit: 100 })).data.map((event) => [event.id, event]));
    expect(listener.heard.map(({ event }) => event.type)).toContain("invoice.paid");
    for (const { event } of listener.heard) expect(listed.get(event.id)?.data).toEqual(event.data);
  });

  it("is made again when the Stripe CLI's resend asks for it", async () => {
    const { sandbox, url } = await startSandbox();
    const listener = await listenFor();
    const { id } = await sandbox.endpoint(listener.url);
    await sdkFor(url).customers.create();
    await sandbox.settled();
    const [{ event }] = listener.heard as [Heard];
    await sdkFor(url).rawRequest("POST", `/v1/events/${event.id}/retry`, { webhook_endpoint: id });
    await sandbox.settled();
    expect(listener.heard.map(({ event: again }) => again.id)).toEqual([event.id, event.id]);
  });
});

describe("an endpoint that misbehaves", () => {
  async function misbehaving(misbehaviour: object) {
    // The least that a rate of 1 allows to be the most.
    const { sandbox, url } = await startSandbox(undefined, () => 0.999);
    const listener = await listenFor();
    const endpoint = await sandbox.endpoint(listener.url);
    await control(url, `/endpoints/${endpoint.id}/misbehaviour`, misbehaviour);
    return { sandbox, url, listener, endpoint, sdk: sdkFor(url) };
  }

  it("hears events twice", async () => {
    const { sandbox, listener, sdk } = await misbehaving({ duplicate_rate: 1 });
    await sdk.customers.create();
    await sandbox.settled();
    expect(listener.heard).toHaveLength(2);
    expect(new Set(listener.heard.map(({ event }) => event.id)).size).toBe(1);
  });

  it("hears the same fact by a second event of another id", async () => {
    const { sandbox, listener, sdk } = await misbehaving({ second_event_rate: 1 });
    await sdk.customers.create();
    await sandbox.settled();
    expect(new Set(listener.heard.map(({ event }) => event.id)).size).toBe(2);
    expect(new Set(listener.heard.map(({ event }) => (event.data.object as Stripe.Customer).id)).size).toBe(1);
  });

  it("never hears of what is dropped, which the list of events has, as not delivered", async () => {
    const { sandbox, url, listener, sdk } = await misbehaving({ drop_rate: 1 });
    await sdk.customers.create();
    await sandbox.settled();
    await control(url, "/deliveries/retry", {});
    await sandbox.settled();
    expect(listener.heard).toEqual([]);
    expect((await sdk.events.list({ delivery_success: false })).data).toHaveLength(1);
    expect((await sdk.events.list({ delivery_success: true })).data).toEqual([]);
  });

  it("hears late, and in another order than things happened", async () => {
    const { sandbox, url, listener, endpoint, sdk } = await misbehaving({ delay_ms: 3_600_000 });
    const customer = await sdk.customers.create();
    await control(url, `/endpoints/${endpoint.id}/misbehaviour`, { delay_ms: 0 });
    const overtaking = listener.next();
    await sdk.customers.update(customer.id, { name: "B" });
    await overtaking;
    await control(url, "/deliveries/retry", {});
    await sandbox.settled();
    expect(listener.heard.map(({ event }) => event.type)).toEqual(["customer.updated", "customer.created"]);
  });

  it("hears some events so late that others overtake them", async () => {
    const { sandbox, url, listener, endpoint, sdk } = await misbehaving({ reorder_rate: 1 });
    const customer = await sdk.customers.create();
    await control(url, `/endpoints/${endpoint.id}/misbehaviour`, { reorder_rate: 0 });
    await sdk.customers.update(customer.id, { name: "B" });
    await sandbox.settled();
    expect(listener.heard.map(({ event }) => event.type)).toEqual(["customer.updated", "customer.created"]);
  });

  it("is signed to with the old secret alone", async () => {
    const { sandbox, url, listener, endpoint, sdk } = await misbehaving({ sign_with_old_secret: true });
    const { secret } = await control<{ secret: string }>(url, `/endpoints/${endpoint.id}/roll`, {});
    await sdk.customers.create();
    await sandbox.settled();
    const [heard] = listener.heard as [Heard];
    await expect(verify(heard, secret)).rejects.toThrow("No signatures found");
    await verify(heard, endpoint.secret);
  });
});
