// Events over HTTP: from what happens to a receiver that checks signatures, whatever it answers.
import { describe, expect, it } from "vitest";
import type { EndpointInput, Tallystick } from "../../src/index.ts";
import { createPublicFetch } from "../../src/kernel/public-fetch.ts";
import { discord } from "../../src/notification/discord.ts";
import type { TallystickOptions } from "../../src/options.ts";
import { startReceiver } from "../receiver.ts";
import { sendEvent } from "../support/engine.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";
import { setUp, skipDelays } from "./setup.ts";
import { invoice } from "./stripe-objects.ts";

const local = { endpoints: { allowPrivateHosts: true } } satisfies Partial<TallystickOptions>;

/** Adds an endpoint and gives the receiver its secret. */
async function subscribe(
  tally: Tallystick,
  receiver: WebhookReceiver,
  input: Partial<EndpointInput> = {},
): Promise<string> {
  const { id, secret } = await tally.endpoints.add({ url: receiver.url, ...input });
  receiver.secret = secret;
  return id;
}

const grant = async (tally: Tallystick, userId: string, amount = 5): Promise<string> =>
  (await tally.credits.grant({ userId, amount, type: "register_gift" })).transactionId;

async function pay(tally: Tallystick, userId: string): Promise<void> {
  const object = invoice({ userId, customer: `cus_of_${userId}`, lines: [{ priceId: "price_pro_monthly" }] });
  await sendEvent(tally, { type: "invoice.paid", object });
}
const typesOf = (receiver: WebhookReceiver): string[] => receiver.received.map(({ type }) => type);

describe("an endpoint", () => {
  it("gets every event of its types once, signed, from the moment on at which it is added", async () => {
    await using receiver = await startWebhookReceiver();
    const { tally, sql } = await setUp(local);
    await grant(tally, "before");
    await subscribe(tally, receiver);
    await pay(tally, "ann");
    const transactionId = await grant(tally, "bob");
    await tally.credits.consume({ userId: "bob", amount: 1 });
    await tally.drain();
    await tally.drain();
    expect(receiver.unsigned).toEqual([]);
    expect(typesOf(receiver).toSorted()).toEqual(["credits.granted", "credits.granted", "payment.received"]);
    const told = receiver.received.find(({ data }) => data["userId"] === "bob");
    expect(told).toEqual({
      id: expect.stringMatching(/^msg_[0-9a-f]{32}$/),
      signatures: 1,
      type: "credits.granted",
      timestamp: expect.stringMatching(/Z$/),
      data: expect.objectContaining({ userId: "bob", transactionId, amount: 5, sequence: 1, expiresAt: null }),
    });
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(3);
    // A payment told again is no second event.
    for (const { id } of (await tally.events.list()).items) await tally.events.replay(id);
    await tally.drain();
    expect(receiver.received).toHaveLength(3);
    expect(await sql.query("select 1 from tallystick.credit_outbox")).toEqual([]);
  });

  it("gets what it names and whose it is for, and the hot type only by its name", async () => {
    await using all = await startWebhookReceiver();
    await using hot = await startWebhookReceiver();
    await using anns = await startWebhookReceiver();
    const { tally } = await setUp(local);
    await subscribe(tally, all);
    await subscribe(tally, hot, { types: ["credits.consumed"] });
    await subscribe(tally, anns, { userId: "ann" });
    for (const userId of ["ann", "bob"]) {
      await grant(tally, userId);
      await tally.credits.consume({ userId, amount: 1 });
    }
    await tally.drain();
    expect(typesOf(all)).toEqual(["credits.granted", "credits.granted"]);
    expect(hot.received.map(({ type, data }) => [type, data["amount"]])).toEqual([
      ["credits.consumed", -1],
      ["credits.consumed", -1],
    ]);
    expect(anns.received.map(({ data }) => data["userId"])).toEqual(["ann"]);
  });

  it("gets an account's entries in their order", async () => {
    await using receiver = await startWebhookReceiver();
    const { tally } = await setUp(local);
    await subscribe(tally, receiver, { types: ["credits.granted", "credits.consumed"] });
    await grant(tally, "ann", 100);
    await grant(tally, "bob", 100);
    for (let n = 0; n < 10; n += 1) {
      await tally.credits.consume({ userId: n % 2 === 0 ? "ann" : "bob", amount: 1 });
    }
    await tally.drain();
    for (const userId of ["ann", "bob"]) {
      const mine = receiver.received.filter(({ data }) => data["userId"] === userId);
      expect(mine.map(({ data }) => data["sequence"])).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });

  it("whose secret is rolled is signed for both until the old one ends, and its secrets are shown once", async () => {
    await using receiver = await startWebhookReceiver();
    const now = new Date("2026-03-01T00:00:00Z");
    const { tally, sql } = await setUp({ ...local, clock: () => now });
    const id = await subscribe(tally, receiver);
    const old = receiver.secret;
    const rolled = await tally.endpoints.rollSecret(id, { keepHours: 2 });
    expect(rolled.previousSecretUntil).toEqual(new Date("2026-03-01T02:00:00Z"));
    await grant(tally, "ann");
    await tally.drain();
    expect(receiver.received).toMatchObject([{ signatures: 2 }]);
    receiver.secret = rolled.secret;
    await grant(tally, "ann");
    await tally.drain();
    expect(receiver.received).toMatchObject([{ signatures: 2 }, { signatures: 2 }]);
    now.setTime(now.getTime() + 2 * 3_600_000);
    await grant(tally, "ann");
    await tally.drain();
    expect(receiver.received[2]).toMatchObject({ signatures: 1 });
    expect(receiver.unsigned).toEqual([]);
    const shown = JSON.stringify([
      await tally.endpoints.list(),
      await tally.endpoints.get(id),
      await tally.tasks.list(),
    ]);
    for (const secret of [old, rolled.secret]) expect(shown).not.toContain(secret);
    const [row] = await sql.query("select previous_secret from tallystick.webhook_endpoint");
    expect(row).toEqual({ previous_secret: old });
  });

  it.each([
    ["a private address", { url: "https://10.0.0.1/x" }],
    ["plain http", { url: "http://example.com/x" }],
    ["no type that there is", { url: "https://example.com/x", types: ["credits.grantd"] }],
    ["an empty list of types", { url: "https://example.com/x", types: [] }],
    ["no URL", {}],
  ])("with %s is refused", async (_what, input) => {
    const { tally } = await setUp();
    const refused = tally.endpoints.add(input as EndpointInput);
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: "invalid_request" }));
  });
});

describe("a receiver that", () => {
  it("fails is tried again on the schedule under the same id, and every attempt is in the log", async () => {
    await using receiver = await startWebhookReceiver();
    await using elsewhere = await startReceiver({});
    const { tally, sql } = await setUp(local);
    const id = await subscribe(tally, receiver);
    await grant(tally, "ann");
    const waits: number[] = [];
    for (const reply of [
      { status: 500 },
      { status: 302, headers: { location: `${elsewhere.origin}/elsewhere` } },
      { status: 404 },
      { status: 200 },
    ]) {
      receiver.reply = reply;
      await tally.drain();
      const [task] = await sql.query<{ wait: number }>(
        "select extract(epoch from run_at - updated_at)::integer as wait from tallystick.task where name = 'deliver-event'",
      );
      waits.push(task?.wait ?? 0);
      await skipDelays(sql);
    }
    expect(waits[0]).toBeGreaterThanOrEqual(4);
    expect(waits[0]).toBeLessThanOrEqual(6);
    expect(waits[1]).toBeGreaterThanOrEqual(270);
    expect(waits[1]).toBeLessThanOrEqual(330);
    expect(waits[2]).toBeGreaterThanOrEqual(1620);
    expect(waits[2]).toBeLessThanOrEqual(1980);
    expect(elsewhere.received).toEqual([]);
    expect(new Set(receiver.received.map((event) => event.id)).size).toBe(1);
    const { items } = await tally.endpoints.deliveries(id);
    expect(items).toMatchObject([{ status: "delivered", attempts: 4, lastStatusCode: 200, type: "credits.granted" }]);
    const { history, data } = await tally.endpoints.delivery(items[0]?.id ?? "");
    expect(history.map(({ statusCode, error }) => [statusCode, error])).toEqual([
      [500, "HTTP 500"],
      [302, "HTTP 302, redirects are not followed"],
      [404, "HTTP 404"],
      [200, null],
    ]);
    expect(data).toMatchObject({ userId: "ann" });
    expect(await tally.endpoints.get(id)).toMatchObject({ failingSince: null, pending: 0 });
  });

  it("fails ten times has failed, and gets it by a replay under the same id", async () => {
    await using receiver = await startWebhookReceiver();
    const { tally, sql } = await setUp(local);
    const id = await subscribe(tally, receiver);
    receiver.reply = { status: 500 };
    await grant(tally, "ann");
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await tally.drain();
      await skipDelays(sql);
    }
    expect(receiver.received).toHaveLength(10);
    const { items } = await tally.endpoints.deliveries(id, { status: "failed" });
    expect(items).toMatchObject([{ attempts: 10, lastError: "HTTP 500" }]);
    receiver.reply = { status: 200 };
    await tally.endpoints.replay(items[0]?.id ?? "");
    await tally.drain();
    expect(new Set(receiver.received.map((event) => event.id)).size).toBe(1);
    expect(await tally.endpoints.deliveries(id, { status: "delivered" })).toMatchObject({ items: [{ attempts: 11 }] });
  });

  it.each([429, 503])(
    "answers %i with retry-after is left alone for that time, counts no attempt, and holds up no other",
    async (status) => {
      await using limited = await startWebhookReceiver();
      await using free = await startWebhookReceiver();
      const { tally, sql } = await setUp(local);
      const id = await subscribe(tally, limited);
      await subscribe(tally, free);
      limited.reply = { status, headers: { "retry-after": "90" } };
      for (let n = 0; n < 3; n += 1) {
        await grant(tally, "ann");
        await tally.drain();
      }
      expect(limited.received).toHaveLength(1);
      expect(free.received).toHaveLength(3);
      const [lane] = await sql.query<{ seconds: number }>(
        `select extract(epoch from paused_until - clock_timestamp())::int as seconds from tallystick.task_lane where name = $1`,
        [`endpoint:${id}`],
      );
      expect(lane?.seconds).toBeGreaterThan(80);
      limited.reply = { status: 200 };
      // Also when something wakes the lane before its time.
      await skipDelays(sql);
      await tally.drain();
      expect(limited.received).toHaveLength(1);
      await sql.query("update tallystick.webhook_endpoint set paused_until = null");
      await skipDelays(sql);
      await tally.drain();
      expect(limited.received.map(({ data }) => data["sequence"])).toEqual([1, 1, 2, 3]);
      expect(await sql.query("select max(attempts) as attempts from tallystick.task")).toEqual([{ attempts: 1 }]);
    },
  );

  it("answers 410 is disabled at once, announced, and sent nothing more", async () => {
    await using gone = await startWebhookReceiver();
    await using other = await startWebhookReceiver();
    await using chat = await startReceiver({ body: "{}" });
    const heard: unknown[] = [];
    const { tally } = await setUp({
      ...local,
      on: { "endpoint.disabled": ({ data }) => void heard.push(data) },
      notifications: [discord({ url: `${chat.origin}/api/webhooks/1/token`, allowPrivateHosts: true })],
    });
    const id = await subscribe(tally, gone, { userId: "ann" });
    await subscribe(tally, other, { types: ["endpoint.disabled"] });
    gone.reply = { status: 410 };
    for (let n = 0; n < 3; n += 1) await grant(tally, "ann");
    await tally.drain();
    await grant(tally, "ann");
    await tally.drain();
    expect(gone.received).toHaveLength(1);
    expect(await tally.endpoints.get(id)).toMatchObject({ status: "disabled", disabledReason: "gone", pending: 0 });
    const { host } = new URL(gone.url);
    const data = { userId: "ann", endpointId: id, host, reason: "gone" };
    expect(other.received.map((event) => event.data)).toEqual([data]);
    expect(heard).toEqual([data]);
    expect(chat.received[0]?.body).toContain("answered 410");
    expect(JSON.stringify([other.received, chat.received])).not.toContain("secret-path");
  });

  it("took nothing for five days is disabled and announced; enabled again, it gets by a replay all that it missed", async () => {
    await using receiver = await startWebhookReceiver();
    const heard: unknown[] = [];
    const { tally, sql } = await setUp({ ...local, on: { "endpoint.disabled": ({ data }) => void heard.push(data) } });
    await tally.migrate();
    const id = await subscribe(tally, receiver, { types: ["credits.granted"] });
    const since = new Date(Date.now() - 60_000);
    await grant(tally, "ann");
    await tally.drain();
    receiver.reply = { status: 500 };
    await grant(tally, "ann");
    await tally.drain();
    await sql.query("update tallystick.webhook_endpoint set failing_since = failing_since - interval '5 days'");
    await skipDelays(sql);
    await tally.drain();
    expect(await tally.endpoints.get(id)).toMatchObject({ status: "disabled", disabledReason: "failing" });
    expect(heard).toMatchObject([{ endpointId: id, reason: "failing" }]);
    await grant(tally, "ann");
    await tally.drain();
    await expect(tally.endpoints.replaySince(id, { since })).rejects.toMatchObject({ code: "invalid_state" });
    const [waiting] = (await tally.endpoints.deliveries(id, { status: "cancelled" })).items;
    await expect(tally.endpoints.replay(waiting?.id ?? "")).rejects.toMatchObject({ code: "invalid_state" });
    receiver.reply = { status: 200 };
    receiver.received.length = 0;
    await tally.endpoints.enable(id);
    expect(await tally.endpoints.replaySince(id, { since })).toEqual({ replayed: 2 });
    await tally.drain();
    expect(receiver.received.map(({ data }) => data["sequence"])).toEqual([2, 3]);
    expect(await tally.endpoints.replaySince(id, { since, all: true })).toEqual({ replayed: 3 });
    await tally.drain();
    expect(receiver.received.map(({ data }) => data["sequence"])).toEqual([2, 3, 1, 2, 3]);
  });

  it("fails for the first time after days in which nothing was sent is not disabled for it", async () => {
    await using receiver = await startWebhookReceiver();
    const { tally, sql } = await setUp(local);
    const id = await subscribe(tally, receiver);
    await sql.query("update tallystick.webhook_endpoint set failing_since = now() - interval '6 days'");
    receiver.reply = { status: 500 };
    await grant(tally, "ann");
    await tally.drain();
    expect(await tally.endpoints.get(id)).toMatchObject({ status: "enabled", pending: 1 });
    await skipDelays(sql);
    await tally.drain();
    expect(await tally.endpoints.get(id)).toMatchObject({ status: "disabled", pending: 0 });
  });

  it.each<[string, (tally: Tallystick, id: string, url: string) => Promise<unknown>]>([
    ["disabled and enabled", async (tally, id) => (await tally.endpoints.disable(id), tally.endpoints.enable(id))],
    ["given another address", async (tally, id, url) => tally.endpoints.update(id, { url: `${url}/again` })],
  ])("asked to be left alone is sent what there is when it is %s", async (_, change) => {
    await using receiver = await startWebhookReceiver();
    const { tally } = await setUp(local);
    const id = await subscribe(tally, receiver);
    receiver.reply = { status: 503, headers: { "retry-after": "900" } };
    await grant(tally, "ann");
    await tally.drain();
    receiver.reply = { status: 200 };
    await change(tally, id, receiver.url);
    await grant(tally, "bob");
    await tally.drain();
    expect(receiver.received.map(({ data }) => data["userId"])).toContain("bob");
  });

  it("answers and never comes to the end of it has taken the event", async () => {
    await using receiver = await startWebhookReceiver();
    const { tally } = await setUp(local);
    const id = await subscribe(tally, receiver);
    receiver.reply = { status: 200, endless: true };
    await grant(tally, "ann");
    await grant(tally, "ann");
    await tally.drain();
    const { items } = await tally.endpoints.deliveries(id, { status: "delivered" });
    expect(items).toHaveLength(2);
    for (const { id: delivery } of items) {
      const { history } = await tally.endpoints.delivery(delivery);
      expect(history.map(({ durationMs }) => durationMs < 3_000)).toEqual([true]);
    }
  });

  it("takes long for an answer rests as long, and others are sent theirs", async () => {
    await using slow = await startWebhookReceiver();
    await using quick = await startWebhookReceiver();
    const { tally, sql } = await setUp(local);
    const id = await subscribe(tally, slow);
    await subscribe(tally, quick);
    slow.reply = { status: 200, delayMs: 3_050 };
    await grant(tally, "ann");
    await grant(tally, "ann");
    await tally.drain({ budgetMs: 3_500 });
    expect([slow.received.length, quick.received.length]).toEqual([1, 2]);
    const [endpoint] = await sql.query<{ rests: boolean }>(
      "select paused_until > clock_timestamp() as rests from tallystick.webhook_endpoint where id = $1",
      [id],
    );
    expect(endpoint?.rests).toBe(true);
    expect((await tally.endpoints.deliveries(id, { status: "delivered" })).items).toHaveLength(1);
  });

  it("is a name that leads inside is never connected to, and the log does not say where it leads", async () => {
    await using inside = await startReceiver({});
    const { port } = new URL(inside.origin);
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const { tally } = await setUp({ endpoints: { fetch: createPublicFetch({ resolve }) } });
    const { id } = await tally.endpoints.add({ url: `https://inside.example:${port}/secret-path` });
    await grant(tally, "ann");
    await tally.drain();
    expect(inside.received).toEqual([]);
    const { items } = await tally.endpoints.deliveries(id);
    expect(items).toMatchObject([
      { attempts: 1, lastStatusCode: null, lastError: "inside.example leads to an address that is not public." },
    ]);
    expect(JSON.stringify([items, await tally.tasks.list()])).not.toMatch(/127\.0\.0\.1|secret-path/);
  });

  it("took it before the worker died gets it again under the same id", async () => {
    await using receiver = await startWebhookReceiver();
    const { tally, sql } = await setUp(local);
    const id = await subscribe(tally, receiver);
    await grant(tally, "ann");
    await sql.query(
      "alter table tallystick.outgoing_delivery add constraint broken check (status <> 'delivered') not valid",
    );
    await tally.drain();
    await sql.query("alter table tallystick.outgoing_delivery drop constraint broken");
    await skipDelays(sql);
    await tally.drain();
    expect(receiver.received).toHaveLength(2);
    expect(new Set(receiver.received.map((event) => event.id)).size).toBe(1);
    expect(await tally.endpoints.deliveries(id)).toMatchObject({ items: [{ status: "delivered", attempts: 2 }] });
  });
});

describe("what was sent", () => {
  it("is forgotten after its time, in batches, but for the keys that a provider may tell again", async () => {
    await using receiver = await startWebhookReceiver();
    const { tally, sql } = await setUp(local);
    const id = await subscribe(tally, receiver);
    await pay(tally, "ann");
    for (let n = 0; n < 3; n += 1) await grant(tally, "ann");
    await tally.drain();
    expect(receiver.received).toHaveLength(5);
    await tally.tick();
    expect((await tally.endpoints.deliveries(id)).items).toHaveLength(5);
    await sql.query("update tallystick.outgoing_delivery set finished_at = finished_at - interval '31 days'");
    await sql.query("update tallystick.outgoing_event set created_at = created_at - interval '31 days'");
    const { maintenance } = await tally.tick();
    expect(maintenance["outgoing"]).toEqual({ relayed: 0, failed: 0, forgotten: 10 });
    expect(await tally.endpoints.deliveries(id)).toEqual({ items: [], nextCursor: null });
    expect(await sql.query("select 1 from tallystick.task where name = 'deliver-event'")).toEqual([]);
    expect(await sql.query("select 1 from tallystick.outgoing_attempt")).toEqual([]);
    const kept = await sql.query("select type, data, user_id from tallystick.outgoing_event");
    expect(kept).toEqual([{ type: "payment.received", data: null, user_id: null }]);
    for (const event of (await tally.events.list()).items) await tally.events.replay(event.id);
    await tally.drain();
    expect(receiver.received).toHaveLength(5);
  });

  it("goes with its endpoint, whose tasks are cancelled, and the journal has no trigger after the next tick", async () => {
    const { tally, sql } = await setUp(local);
    const { id } = await tally.endpoints.add({ url: "http://127.0.0.1:9/x" });
    await grant(tally, "ann");
    await tally.drain();
    await tally.endpoints.remove(id);
    await expect(tally.endpoints.get(id)).rejects.toMatchObject({ code: "not_found" });
    await grant(tally, "ann");
    await tally.tick();
    expect((await tally.tasks.list()).items).toMatchObject([{ name: "deliver-event", status: "cancelled" }]);
    expect(await sql.query("select 1 from pg_trigger where tgname like 'credit_transaction_outbox%'")).toEqual([]);
    expect(await sql.query("select 1 from tallystick.credit_outbox")).toEqual([]);
  });
});
