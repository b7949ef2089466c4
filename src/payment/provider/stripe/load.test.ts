// Loading through the official SDK from a real server on loopback that speaks just enough of Stripe's API.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stripe } from "../stripe.ts";

const secretKey = "sk_test_do_not_show";
type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

let server: Server;
let apiBase: string;
let routes: Record<string, Route>;
let asked: string[];

beforeEach(async () => {
  routes = {};
  asked = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://stripe.test");
    asked.push(`${request.method} ${url.pathname}${url.search}`);
    const route = routes[url.pathname];
    if (request.headers.authorization !== `Bearer ${secretKey}` || route === undefined) response.writeHead(418).end();
    else route(request, response, url);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  apiBase = `http://127.0.0.1:${address.port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const json =
  (body: unknown, status = 200): Route =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
const failing = (status: number, error: object = {}): Route => json({ error: { type: "api_error", ...error } }, status);
const missing = failing(404, { type: "invalid_request_error", code: "resource_missing", message: "No such thing" });
const refusing = failing(401, { message: `Invalid API Key provided: ${secretKey}` });
const disconnecting: Route = (request) => void request.socket.destroy();

/** A list in pages of two, as Stripe pages: after the id of the last item. */
const paged =
  (items: readonly { id: string; [field: string]: unknown }[]): Route =>
  (request, response, url) => {
    const start = items.findIndex(({ id }) => id === url.searchParams.get("starting_after")) + 1;
    const data = items.slice(start, start + 2);
    json({ object: "list", data, has_more: start + 2 < items.length, url: url.pathname })(request, response, url);
  };

function load(
  type: string,
  object: object,
  { attempt = 1, mayAssume = true, signal = new AbortController().signal } = {},
) {
  const event = { id: "evt_1", type, apiVersion: null, livemode: false, subject: null, handled: true };
  const provider = stripe({ secretKey: ` ${secretKey}\n`, webhookSecrets: "whsec_x", apiBase });
  return provider.load(
    { ...event, payload: { data: { object } } },
    { signal, attempt, mayAssume, knowsPrice: () => true },
  );
}

const unavailable = (message: RegExp) => ({
  code: "provider_unavailable",
  message: expect.stringMatching(message),
});

describe("the lines of a checkout session", () => {
  const path = "/v1/checkout/sessions/cs_1/line_items";
  const session = { id: "cs_1", mode: "payment", payment_status: "paid", metadata: { priceId: "price_own" } };
  const withoutPrice = { ...session, metadata: {} };
  const linesOf = async (object: object, attempt = 1) => {
    const [fact] = await load("checkout.session.completed", object, { attempt });
    return fact?.kind === "checkout_paid" ? fact.lines : fact?.kind;
  };
  const own = [{ priceId: "price_own", quantity: 1 }];

  it("are what Stripe lists, over all pages, and win over the metadata", async () => {
    routes[path] = paged([
      { id: "li_1", price: { id: "price_a" }, quantity: 3 },
      { id: "li_2", price: "price_b", quantity: 1 },
      { id: "li_3", price: { id: "price_c" }, quantity: null },
    ]);
    expect(await linesOf(session)).toEqual([
      { priceId: "price_a", quantity: 3 },
      { priceId: "price_b", quantity: 1 },
      { priceId: "price_c", quantity: 1 },
    ]);
    expect(asked).toEqual([`GET ${path}?limit=100`, `GET ${path}?limit=100&starting_after=li_2`]);
  });

  it.each<[string, Route]>([
    ["does not know the session", missing],
    ["lists nothing", json({ object: "list", data: [], has_more: false })],
  ])("come from the event when Stripe %s", async (_, route) => {
    routes[path] = route;
    expect(await linesOf(session)).toEqual(own);
    expect(await linesOf(withoutPrice)).toEqual([]);
  });

  it.each<[string, Route]>([
    ["fails", failing(500)],
    ["limits the rate", failing(429)],
    ["answers nonsense", (_, response) => void response.end("<html>")],
    ["closes the connection", disconnecting],
  ])("are tried again once when Stripe %s, and then come from the event", async (_, route) => {
    routes[path] = route;
    await expect(linesOf(session, 1)).rejects.toMatchObject(unavailable(/line items of checkout session cs_1/));
    expect(await linesOf(session, 2)).toEqual(own);
    await expect(linesOf(withoutPrice, 2)).rejects.toMatchObject(unavailable(/did not answer/));
  });

  it.each<[string, Route]>([
    ["refuses the key", refusing],
    ["refuses the permission", failing(403)],
  ])("come from the event when Stripe %s, and never from nothing", async (_, route) => {
    routes[path] = route;
    expect(await linesOf(session)).toEqual(own);
    await expect(linesOf(withoutPrice)).rejects.toMatchObject(unavailable(/refused the secret key/));
  });

  it("say so when they are the event's word alone, and are not taken at it where that is forbidden", async () => {
    routes[path] = failing(503);
    expect(await load("checkout.session.completed", session, { attempt: 2 })).toMatchObject([{ assumed: true }]);
    const forbidden = load("checkout.session.completed", session, { attempt: 2, mayAssume: false });
    await expect(forbidden).rejects.toMatchObject(unavailable(/did not answer/));
    routes[path] = paged([{ id: "li_1", price: "price_a", quantity: 3 }]);
    expect(await load("checkout.session.completed", session)).toMatchObject([{ assumed: false }]);
  });

  it("are a visible failure when one names no price", async () => {
    routes[path] = paged([{ id: "li_1", price: null, quantity: 1 }]);
    await expect(linesOf(session)).rejects.toMatchObject({ code: "unmatched_price" });
  });

  it("are not asked for when the session grants nothing", async () => {
    expect(await linesOf({ ...session, mode: "subscription" })).toBe("checkout_recorded");
    expect(await linesOf({ ...session, payment_status: "unpaid" })).toBe("checkout_recorded");
    expect(await linesOf({ ...session, invoice: "in_1" })).toBe("checkout_recorded");
    expect(asked).toEqual([]);
  });

  it("are given up, and the request cancelled, when the time to load is over", async () => {
    const controller = new AbortController();
    const cancelled = new Promise<void>((resolve) => {
      routes[path] = (request) => {
        request.socket.once("close", () => resolve());
        controller.abort();
      };
    });
    const loading = load("checkout.session.completed", session, { attempt: 2, signal: controller.signal });
    await expect(loading).rejects.toMatchObject(unavailable(/time to load was over/));
    await cancelled;
  });

  it("are not asked for when the time to load was over before", async () => {
    const loading = load("checkout.session.completed", session, { signal: AbortSignal.abort() });
    await expect(loading).rejects.toMatchObject(unavailable(/time to load was over/));
    expect(asked).toEqual([]);
  });
});

describe("the lines of an invoice", () => {
  const path = "/v1/invoices/in_1/lines";
  const line = (id: string, fields: object = {}) => ({ id, amount: 100, quantity: 1, ...fields });
  const invoice = { id: "in_1", lines: { data: [line("il_1")], has_more: true } };

  it("are all fetched when the event carries a part of them", async () => {
    routes[path] = paged([line("il_1"), line("il_2"), line("il_3", { metadata: { userId: "u3" } })]);
    const [fact] = await load("invoice.paid", invoice);
    expect(fact).toMatchObject({
      kind: "invoice_paid",
      owner: { userId: "u3" },
      lines: [{ lineId: "il_1" }, { lineId: "il_2" }, { lineId: "il_3" }],
    });
  });

  it("are not asked for when the event carries them all", async () => {
    await load("invoice.paid", { ...invoice, lines: { data: [line("il_1")], has_more: false } });
    expect(asked).toEqual([]);
  });

  it.each<[string, Route, RegExp]>([
    ["fails", failing(500), /did not answer when asked for the lines of invoice in_1/],
    ["does not know the invoice", missing, /does not know the lines of invoice in_1/],
    ["refuses the key", refusing, /refused the secret key/],
  ])("are never granted in part when Stripe %s, at any attempt", async (_, route, message) => {
    routes[path] = route;
    await expect(load("invoice.paid", invoice, { attempt: 9 })).rejects.toMatchObject(unavailable(message));
  });
});

describe("the state of a subscription", () => {
  const path = "/v1/subscriptions/sub_1";
  const old = { id: "sub_1", status: "canceled", customer: "cus_1", metadata: { userId: "u1" } };
  const stateOf = async (type = "updated") => {
    const [fact] = await load(`customer.subscription.${type}`, old, { attempt: 9 });
    return fact?.kind === "subscription_changed" ? fact.subscription.status : fact?.kind;
  };

  it.each(["created", "updated", "deleted", "paused", "resumed"])("is re-read at %s", async (type) => {
    routes[path] = json({ ...old, status: "active" });
    expect(await stateOf(type)).toBe("active");
    expect(asked).toEqual([`GET ${path}`]);
  });

  it("is the event's when Stripe no longer knows it", async () => {
    routes[path] = missing;
    expect(await stateOf("deleted")).toBe("canceled");
  });

  it.each<[string, Route, RegExp]>([
    ["fails", failing(503), /did not answer when asked for the subscription sub_1/],
    ["limits the rate", failing(429), /did not answer/],
    ["closes the connection", disconnecting, /did not answer/],
    ["refuses the key", refusing, /refused the secret key/],
    ["refuses the permission", failing(403), /refused the secret key/],
  ])("is never guessed when Stripe %s, at any attempt", async (_, route, message) => {
    routes[path] = route;
    await expect(stateOf()).rejects.toMatchObject(unavailable(message));
  });

  it("that can't be read shows no key", async () => {
    routes[path] = refusing;
    await expect(stateOf()).rejects.not.toMatchObject({ message: expect.stringContaining("do_not_show") });
  });
});

describe("the API's address", () => {
  it.each(["ftp://stripe.test", "https://stripe.test/v1", "https://me:secret@stripe.test", "stripe.test", "http://"])(
    "is refused when it is %s",
    (refused) => {
      const code = expect.objectContaining({ code: "invalid_request" });
      expect(() => stripe({ webhookSecrets: "whsec_x", apiBase: refused })).toThrow(code);
    },
  );

  it.each([undefined, "", "http://127.0.0.1:12111", "https://stripe.test/"])("is taken when it is %s", (taken) => {
    expect(stripe({ webhookSecrets: "whsec_x", apiBase: taken }).name).toBe("stripe");
  });
});
