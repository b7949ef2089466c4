// Loading from a real server on loopback that speaks just enough of Paddle's API.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adjustment, subscription } from "../../../../test/payment-conformance/paddle-objects.ts";
import { paddle } from "../paddle.ts";

const apiKey = "pdl_sdbx_apikey_do_not_show";
type Route = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let apiBase: string;
let routes: Record<string, Route>;

beforeEach(async () => {
  routes = {};
  server = createServer((request, response) => {
    const route = routes[request.url ?? ""];
    const { authorization, "paddle-version": version } = request.headers;
    if (authorization !== `Bearer ${apiKey}` || version !== "1" || route === undefined) response.writeHead(418).end();
    else route(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  apiBase = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
const failing = (status: number, code: string): Route => json({ error: { type: "request_error", code } }, status);

async function load(type: string, data: object, signal = new AbortController().signal) {
  const event = { id: "evt_1", type, apiVersion: null, livemode: null, subject: null, handled: true };
  const provider = paddle({ apiKey: ` ${apiKey}\n`, webhookSecrets: "pdl_ntfset_x", apiBase });
  return provider.load(
    { ...event, payload: { data } },
    { attempt: 1, mayAssume: true, knowsPrice: () => true, signal },
  );
}

const known = { id: "sub_1", customer: "ctm_1", userId: "ada" };
const past = subscription({ ...known, status: "past_due", version: 1 });
const present = subscription({ ...known, status: "active", version: 2 });
const pending = adjustment({ id: "adj_1", transaction: "txn_1", amount: 500, status: "pending_approval" });

describe("a subscription", () => {
  it("is as Paddle says now, whatever the event told", async () => {
    routes["/subscriptions/sub_1"] = json({ data: present, meta: { request_id: "r" } });
    expect(await load("subscription.past_due", past)).toMatchObject([{ subscription: { status: "active" } }]);
  });

  it("that Paddle does not know is as the event told", async () => {
    routes["/subscriptions/sub_1"] = failing(404, "not_found");
    expect(await load("subscription.past_due", past)).toMatchObject([{ subscription: { status: "past_due" } }]);
  });

  it.each<[string, Route, RegExp]>([
    ["refuses the key", failing(403, "forbidden"), /refused the secret key.*403 forbidden/],
    ["is overloaded", failing(429, "too_many_requests"), /429 too_many_requests/],
    ["fails without JSON", (_, response) => response.writeHead(502).end("<html>"), /did not answer/],
    ["hangs up", (request) => void request.socket.destroy(), /did not answer/],
    [
      "leads elsewhere",
      (_, response) => response.writeHead(302, { location: "/subscriptions/2" }).end(),
      /did not answer/,
    ],
  ])("is not guessed when Paddle %s, and the key is not told", async (_, route, message) => {
    routes["/subscriptions/sub_1"] = route;
    const error: unknown = await load("subscription.past_due", past).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "provider_unavailable", message: expect.stringMatching(message) as string });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("do_not_show");
  });

  it("is not waited for when the time to load is over", async () => {
    const controller = new AbortController();
    routes["/subscriptions/sub_1"] = () => controller.abort();
    await expect(load("subscription.past_due", past, controller.signal)).rejects.toMatchObject({
      code: "provider_unavailable",
    });
  });
});

describe("an adjustment", () => {
  it("is as Paddle says now", async () => {
    routes["/adjustments?id=adj_1"] = json({ data: [{ ...pending, status: "approved" }] });
    expect(await load("adjustment.created", pending)).toMatchObject([{ returned: { stands: true }, current: true }]);
  });

  it("that Paddle does not list is as the event told", async () => {
    routes["/adjustments?id=adj_1"] = json({ data: [] });
    expect(await load("adjustment.created", pending)).toMatchObject([{ returned: { stands: false }, current: false }]);
  });
});

describe("a transaction", () => {
  it("is not asked for: a completed one does not change", async () => {
    await expect(load("transaction.completed", { origin: "subscription_payment_method_change" })).resolves.toEqual([]);
  });
});
