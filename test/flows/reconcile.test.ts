// What Stripe lists and was never told here is found and applied by the same way as a webhook, once.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { slack } from "../../src/notification/slack.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { handledTypes } from "../../src/payment/provider/stripe/facts.ts";
import { checkoutSession, eventBody, sendEvent, uniqueId, WEBHOOK_SECRET } from "../support/engine.ts";
import { journal, setUp, type Setup } from "./setup.ts";
import { invoice, refund } from "./stripe-objects.ts";

const unreachable = slack({ url: "http://127.0.0.1:9/hook", allowPrivateHosts: true });

type Item = Record<string, unknown> & { readonly id: string; readonly created: number };

interface Listing {
  readonly events: Item[];
  readonly invoices: Item[];
  readonly sessions: Item[];
  readonly refunds: Item[];
  readonly disputes: Item[];
  readonly endpoints: Record<string, unknown>[];
  asked: number;
  isAway: boolean;
}

const paths: Readonly<Record<string, keyof Omit<Listing, "asked" | "isAway">>> = {
  "/v1/events": "events",
  "/v1/invoices": "invoices",
  "/v1/checkout/sessions": "sessions",
  "/v1/refunds": "refunds",
  "/v1/disputes": "disputes",
  "/v1/webhook_endpoints": "endpoints",
};

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** A server that lists as Stripe does: newest first, by time and type, in pages of two. */
async function listing(): Promise<{ readonly apiBase: string; readonly list: Listing }> {
  const endpoints = [{ id: "we_1", status: "enabled", enabled_events: ["*"] }];
  const list: Listing = {
    events: [],
    invoices: [],
    sessions: [],
    refunds: [],
    disputes: [],
    endpoints,
    asked: 0,
    isAway: false,
  };
  const server = createServer((request, response) => {
    list.asked += 1;
    if (list.isAway) {
      response
        .writeHead(500, { "content-type": "application/json" })
        .end(JSON.stringify({ error: { type: "api_error" } }));
      return;
    }
    const url = new URL(request.url ?? "", "http://stripe.test");
    const name = paths[url.pathname];
    const query = url.searchParams;
    const types = [...query.entries()].flatMap(([key, value]) => (key.startsWith("types") ? [value] : []));
    const all = name === undefined ? [] : [...(list[name] as Item[])].toReversed();
    const listed = all.filter(
      (item) =>
        item.created === undefined ||
        (item.created >= Number(query.get("created[gte]")) &&
          item.created <= Number(query.get("created[lte]")) &&
          (types.length === 0 || types.includes(String(item["type"])))),
    );
    const start = listed.findIndex(({ id }) => id === query.get("starting_after")) + 1;
    const body = { object: "list", data: listed.slice(start, start + 2), has_more: listed.length > start + 2 };
    const found = name !== undefined;
    const missing = { error: { type: "invalid_request_error", code: "resource_missing", message: "No such thing" } };
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(found ? body : missing));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { apiBase: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, list };
}

async function setUpListed(options: Parameters<typeof setUp>[0] = {}): Promise<Setup & { readonly list: Listing }> {
  const { apiBase, list } = await listing();
  const payment = stripe({ webhookSecrets: [WEBHOOK_SECRET], secretKey: "sk_test_1", apiBase });
  return { ...(await setUp({ payment, ...options })), list };
}

const hourAgo = (): number => nowSeconds() - 3600;
const dayAgo = (): Date => new Date(Date.now() - 86_400_000);

function listedEvent(type: string, object: Record<string, unknown>, created = hourAgo()): Item {
  return { ...(JSON.parse(eventBody({ type, object })) as Item), created };
}

const pack = (userId: string, also: Parameters<typeof checkoutSession>[0] | object = {}) => ({
  ...checkoutSession({ userId, priceId: "price_credits_plus", ...also }),
  status: "complete",
});

describe("reconcile", () => {
  it("applies events that never arrived, over many pages, and says which; a second run finds nothing", async () => {
    const { tally, sql, list } = await setUpListed();
    const told = listedEvent("checkout.session.completed", pack("told"));
    await sendEvent(tally, {
      type: "checkout.session.completed",
      id: told.id,
      object: (told["data"] as never)["object"],
    });
    list.events.push(
      told,
      ...["a", "b", "c", "d"].map((userId) => listedEvent("checkout.session.completed", pack(userId))),
    );
    list.events.push(listedEvent("customer.updated", { id: "cus_1", object: "customer" }));
    const report = await tally.payment.reconcile({ since: dayAgo() });
    expect(report).toMatchObject({ seen: { events: 5 }, missing: { events: 4 }, problems: [], position: null });
    expect(report.recovered.map(({ eventId }) => eventId).toSorted()).toEqual(
      list.events
        .slice(1, 5)
        .map(({ id }) => id)
        .toSorted(),
    );
    await tally.drain();
    expect((await journal(sql)).map(({ user_id, amount }) => [user_id, amount])).toEqual(
      ["a", "b", "c", "d", "told"].map((userId) => [userId, 500]),
    );
    expect((await tally.payment.reconcile({ since: dayAgo() })).missing).toEqual({});
  });

  it("applies paid invoices, sessions, refunds and disputes whose events are listed no more, once beside late webhooks", async () => {
    const { tally, sql, list } = await setUpListed();
    const created = hourAgo();
    const paymentIntent = uniqueId("pi");
    const session = { ...pack("ann", { paymentIntent }), created } as unknown as Item;
    const paid = {
      ...invoice({ userId: "bob", lines: [{ priceId: "price_pro_monthly" }] }),
      created,
    } as unknown as Item;
    list.sessions.push(session, { ...pack("carl"), mode: "subscription", created } as unknown as Item);
    list.invoices.push(paid);
    list.refunds.push({ ...refund({ id: "re_1", paymentIntent, amount: 999 }), created } as unknown as Item);
    const report = await tally.payment.reconcile({ since: dayAgo() });
    expect(report.missing).toEqual({ invoices: 1, sessions: 1, refunds: 1 });
    await tally.drain();
    await sendEvent(tally, { type: "invoice.paid", object: paid });
    await sendEvent(tally, { type: "checkout.session.completed", object: session });
    await tally.drain();
    expect((await journal(sql)).map(({ user_id, type, amount }) => `${user_id} ${type} ${amount}`)).toEqual([
      "ann purchase_package 500",
      "ann clawback -500",
      "bob subscription_renewal 1000",
    ]);
    expect((await tally.payment.reconcile({ since: dayAgo() })).missing).toEqual({});
    list.refunds[0] = {
      ...refund({ id: "re_1", paymentIntent, amount: 999, status: "failed" }),
      created,
    } as unknown as Item;
    expect((await tally.payment.reconcile({ since: dayAgo() })).missing).toEqual({ refunds: 1 });
  });

  it("leaves what is newer than 5 minutes to its webhook, and goes on where a budget ended it", async () => {
    const { tally, list } = await setUpListed();
    list.events.push(listedEvent("checkout.session.completed", pack("late"), nowSeconds() - 60));
    list.events.push(...["a", "b", "c"].map((userId) => listedEvent("checkout.session.completed", pack(userId))));
    const first = await tally.payment.reconcile({ since: dayAgo(), budgetMs: 0 });
    expect(first).toMatchObject({ seen: { events: 2 }, position: expect.any(String) as string });
    const rest = await tally.payment.reconcile({ since: dayAgo(), position: first.position ?? "" });
    expect(rest).toMatchObject({ missing: { events: 1 }, position: null });
  });

  it("says what keeps events from being sent here", async () => {
    const { tally, list } = await setUpListed();
    list.endpoints.splice(0, 1, { id: "we_1", status: "disabled", enabled_events: ["*"] });
    const problems = async (): Promise<readonly string[]> =>
      (await tally.payment.reconcile({ since: dayAgo() })).problems;
    expect(await problems()).toEqual(["Stripe has no enabled webhook endpoint."]);
    const sent = handledTypes.filter((type) => type !== "invoice.paid");
    list.endpoints.splice(0, 1, { id: "we_1", status: "enabled", enabled_events: sent });
    expect(await problems()).toEqual(["No enabled webhook endpoint of Stripe's is sent invoice.paid."]);
  });

  it("is refused without a key, and for a time to come", async () => {
    const { tally } = await setUp();
    await expect(tally.payment.reconcile({ since: dayAgo() })).rejects.toMatchObject({ code: "not_found" });
    const listed = await setUpListed();
    const since = new Date(Date.now() + 60_000);
    await expect(listed.tally.payment.reconcile({ since })).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("a tick", () => {
  it("reconciles once a day, applies what it finds in the same run, and announces it once", async () => {
    let now = new Date();
    const { tally, sql, list } = await setUpListed({ clock: () => now, notifications: [unreachable] });
    list.events.push(listedEvent("checkout.session.completed", pack("ada")));
    expect((await tally.tick()).maintenance["reconcile-stripe"]).toMatchObject({ seen: 1, missing: 1, complete: true });
    expect(await journal(sql)).toHaveLength(1);
    const asked = list.asked;
    await tally.tick();
    expect(list.asked).toBe(asked);
    now = new Date(now.getTime() + 86_400_000);
    list.events.push(listedEvent("checkout.session.completed", pack("bob"), Math.floor(now.getTime() / 1000) - 7200));
    expect((await tally.tick()).maintenance["reconcile-stripe"]).toMatchObject({ missing: 1, complete: true });
    expect(await journal(sql)).toHaveLength(2);
    await tally.tick();
    expect(await sql.query("select body from tallystick.notification where kind = 'payment.events_missed'")).toEqual([
      {
        body: expect.stringMatching(
          /^1 of 1 that stripe lists between .* never arrived; they are applied now\.$/,
        ) as string,
      },
      { body: expect.stringMatching(/^1 of \d that stripe lists/) as string },
    ]);
  });

  it("does the rest and says so while Stripe is away, and asks again in the next", async () => {
    const { tally, sql, list } = await setUpListed();
    list.events.push(listedEvent("checkout.session.completed", pack("ada")));
    list.isAway = true;
    expect((await tally.tick()).maintenance["reconcile-stripe"]).toMatchObject({
      complete: false,
      unavailable: expect.stringContaining("Stripe did not answer") as string,
    });
    list.isAway = false;
    expect((await tally.tick()).maintenance["reconcile-stripe"]).toMatchObject({ missing: 1, complete: true });
    expect(await journal(sql)).toHaveLength(1);
  });

  it("that is told twice at once reads each page once, and one whose process died is gone on with", async () => {
    const { tally, sql, list } = await setUpListed();
    list.events.push(listedEvent("checkout.session.completed", pack("ada")));
    const ticks = await Promise.all([tally.tick(), tally.tick(), tally.tick()]);
    const counts = ticks.map(({ maintenance }) => Number(maintenance["reconcile-stripe"]?.["missing"]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    await sql.query(
      "update tallystick.payment_reconcile set finished_at = null, lease_until = tallystick.clock() + interval '1 minute'",
    );
    expect((await tally.tick()).maintenance["reconcile-stripe"]).toMatchObject({ seen: 0, complete: true });
    await sql.query("update tallystick.payment_reconcile set lease_until = '-infinity'");
    expect((await tally.tick()).maintenance["reconcile-stripe"]).toMatchObject({ seen: 1, missing: 0, complete: true });
  });
});
