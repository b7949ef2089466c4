// The stand-in for Inngest itself: the limits that it must keep for the suite to prove anything.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Inngest } from "inngest";
import { bearerOf, inngestKeys, signatureOf, type InngestEvent } from "./inngest-protocol.ts";
import { startInngest } from "./inngest-service.ts";
import type { DriverService } from "./service.ts";

interface Delivery {
  readonly label: string;
  readonly attempt: number;
  answer(status: number, headers?: Record<string, string>): void;
}

let service: DriverService;
let app: Server;
let deliveries: Delivery[];
let client: Inngest;

beforeEach(async () => {
  deliveries = [];
  service = await startInngest();
  app = createServer(deliver);
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  const concurrency = [{ limit: 2 }, { key: "event.data.key", limit: 1 }];
  const steps = { step: { runtime: { url }, retries: { attempts: 2 } } };
  const functions = [{ id: "f", triggers: [{ event: "due" }], idempotency: "event.data.once", concurrency, steps }];
  await fetch(`${service.url}/fn/register`, {
    method: "POST",
    headers: { authorization: bearerOf(inngestKeys.signingKey) },
    body: JSON.stringify({ functions }),
  });
  client = new Inngest({ id: "app", eventKey: inngestKeys.eventKey, baseUrl: service.url, isDev: false });
});

afterEach(async () => {
  await service.end();
  app.close();
  app.closeAllConnections();
});

async function deliver(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { event, ctx } = (await json(request)) as { event: InngestEvent; ctx: { attempt: number } };
  const answer = (status: number, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { ...headers, "x-inngest-signature": signatureOf("") }).end();
  };
  deliveries.push({ label: String(event.data["label"]), attempt: ctx.attempt, answer });
}

const due = (label: string, more: { id?: string; key?: string; once?: string; ts?: number } = {}) => {
  const { id = label, key = label, once: only = label, ts = Date.now() } = more;
  return { id, name: "due", data: { label, key, once: only }, ts };
};
const labels = (): string[] => deliveries.map(({ label }) => label);
const soon = { timeout: 5_000, interval: 5 };

it("takes each event id once, and runs a function once for a value of its idempotency", async () => {
  await client.send([due("a"), due("again", { id: "a" }), due("same", { once: "a" }), due("b")]);
  await expect.poll(labels, soon).toEqual(["a", "b"]);
});

it("delivers no event before its time", async () => {
  const ts = Date.now() + 150;
  await client.send([due("later", { ts }), due("now")]);
  await expect.poll(labels, soon).toEqual(["now", "later"]);
  expect(Date.now()).toBeGreaterThanOrEqual(ts);
});

it("keeps the limit of a key, and that of the function", async () => {
  await client.send([due("a1", { key: "a" }), due("a2", { key: "a" }), due("b"), due("c")]);
  await expect.poll(labels, soon).toEqual(["a1", "b"]);
  deliveries[1]?.answer(200);
  await expect.poll(labels, soon).toEqual(["a1", "b", "c"]);
  deliveries[0]?.answer(200);
  await expect.poll(labels, soon).toEqual(["a1", "b", "c", "a2"]);
});

it("tries a failed run again up to its retries, and not one that says not to", async () => {
  await client.send(due("a"));
  for (const attempt of [0, 1, 2]) {
    await expect.poll(() => deliveries.at(-1)?.attempt, soon).toBe(attempt);
    deliveries.at(-1)?.answer(500);
  }
  await client.send(due("b"));
  await expect.poll(labels, soon).toEqual(["a", "a", "a", "b"]);
  deliveries.at(-1)?.answer(400, { "x-inngest-no-retry": "true" });
  await client.send(due("c"));
  await expect.poll(labels, soon).toEqual(["a", "a", "a", "b", "c"]);
});

it("takes no event with another key, and no registration with another signing key", async () => {
  expect((await fetch(`${service.url}/e/other`, { method: "POST", body: "[]" })).status).toBe(401);
  const headers = { authorization: bearerOf(`signkey-test-${"00".repeat(32)}`) };
  expect((await fetch(`${service.url}/fn/register`, { method: "POST", headers, body: "{}" })).status).toBe(401);
});
