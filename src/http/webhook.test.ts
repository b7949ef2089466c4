// The webhook endpoint: what is refused and how, and that nothing refused leaves a trace.
import { beforeAll, describe, expect, it } from "vitest";
import { serve } from "../../test/flows/server.ts";
import {
  createTestEngine,
  eventBody,
  signatureOf,
  signedRequest,
  uniqueId,
  WEBHOOK_SECRET,
} from "../../test/support/engine.ts";
import { setUp } from "../../test/flows/setup.ts";
import { invoice } from "../../test/flows/stripe-objects.ts";
import { connect, type Database } from "../db/database.ts";
import type { Tallystick } from "../index.ts";
import { stripe } from "../payment/provider/stripe.ts";

let tally: Tallystick;
let sql: Database;

beforeAll(async () => {
  const engine = await createTestEngine();
  tally = engine.tally;
  sql = connect(engine.databaseUrl);
  return async () => {
    await tally.close();
    await sql.close();
  };
});

async function counts(): Promise<unknown> {
  return sql.query(
    `select (select count(*) from tallystick.webhook_event) as events, (select count(*) from tallystick.task) as tasks,
       (select count(*) from tallystick.credit_transaction) as entries`,
  );
}

function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>): Request {
  return new Request("http://localhost/api/webhooks/stripe", { method: "POST", body, headers });
}

const now = Math.floor(Date.now() / 1000);
const body = eventBody({
  type: "invoice.paid",
  object: invoice({ userId: "ada", lines: [{ priceId: "price_pro_monthly" }] }),
});

describe("a request that is refused", () => {
  it.each<[string, number, string, () => Promise<Request>]>([
    ["no signature", 400, "Invalid signature", async () => post(body, {})],
    ["an empty signature", 400, "Invalid signature", async () => post(body, { "stripe-signature": "" })],
    ["a nonsense signature", 400, "Invalid signature", async () => post(body, { "stripe-signature": "t=1,v1=zz" })],
    [
      "another secret's signature",
      400,
      "Invalid signature",
      async () => post(body, { "stripe-signature": await signatureOf(body, "whsec_other") }),
    ],
    [
      "an empty secret's signature",
      400,
      "Invalid signature",
      async () => post(body, { "stripe-signature": await signatureOf(body, " ") }),
    ],
    [
      "a stale signature",
      400,
      "Invalid signature",
      async () => post(body, { "stripe-signature": await signatureOf(body, WEBHOOK_SECRET, now - 360) }),
    ],
    [
      "a future signature",
      400,
      "Invalid signature",
      async () => post(body, { "stripe-signature": await signatureOf(body, WEBHOOK_SECRET, now + 360) }),
    ],
    [
      "a changed body",
      400,
      "Invalid signature",
      async () => post(body.replace("2000", "1"), { "stripe-signature": await signatureOf(body) }),
    ],
    [
      "no body",
      400,
      "Invalid event",
      async () =>
        new Request("http://localhost/", { method: "POST", headers: { "stripe-signature": await signatureOf("") } }),
    ],
    ["a body that is not JSON", 400, "Invalid event", async () => signedRequest("hello")],
    ["a JSON array", 400, "Invalid event", async () => signedRequest("[]")],
    ["a JSON text", 400, "Invalid event", async () => signedRequest('"event"')],
    ["null", 400, "Invalid event", async () => signedRequest("null")],
    ["an object without id or type", 400, "Invalid event", async () => signedRequest("{}")],
    [
      "a thin event",
      400,
      "Invalid event",
      async () =>
        signedRequest(
          JSON.stringify({ id: "evt_1", object: "v2.core.event", type: "v1.billing.meter.error_report_triggered" }),
        ),
    ],
  ])("%s is answered %i and stores nothing", async (_, status, error, make) => {
    const before = await counts();
    const response = await tally.handlers.stripeWebhook(await make());
    expect([response.status, await response.json()]).toEqual([status, { error }]);
    expect(await counts()).toEqual(before);
  });

  it.each(["GET", "PUT", "DELETE", "HEAD"])("the method %s is answered 405 and told which is right", async (method) => {
    const response = await tally.handlers.stripeWebhook(new Request("http://localhost/", { method }));
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("a body of 2 MB is answered 413 by a real server, after all of it was read", async () => {
    const before = await counts();
    await using server = await serve(tally.handlers.stripeWebhook);
    const large = "x".repeat(2 * 1024 * 1024);
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent >= large.length) return controller.close();
        controller.enqueue(new TextEncoder().encode(large.slice(sent, sent + 65_536)));
        sent += 65_536;
      },
    });
    const response = await fetch(server.origin, {
      method: "POST",
      body: stream,
      headers: { "stripe-signature": await signatureOf(large) },
      duplex: "half",
    } as RequestInit);
    expect([response.status, await response.json()]).toEqual([413, { error: "Payload too large" }]);
    expect(sent).toBe(large.length);
    expect(await counts()).toEqual(before);
  });

  it("when nothing can be stored is answered 503, so that the sender tries again", async () => {
    const { tally: away } = await setUp({ database: "postgres://nobody@127.0.0.1:9/none" });
    const response = await away.handlers.stripeWebhook(await signedRequest(body));
    expect([response.status, await response.json()]).toEqual([503, { error: "Temporarily unavailable" }]);
    const empty = await setUp();
    await empty.sql.query("alter table tallystick.webhook_event add constraint broken check (false) not valid");
    expect((await empty.tally.handlers.stripeWebhook(await signedRequest(body))).status).toBe(503);
    expect(await empty.sql.query("select 1 from tallystick.task")).toEqual([]);
  });
});

describe("a request that is taken", () => {
  it("with a signature a little old or early, or of exactly the limit of 1 MiB", async () => {
    for (const offset of [-290, 290]) {
      const fresh = eventBody({ type: "invoice.created", object: {} });
      const response = await tally.handlers.stripeWebhook(
        post(fresh, { "stripe-signature": await signatureOf(fresh, WEBHOOK_SECRET, now + offset) }),
      );
      expect(response.status).toBe(200);
    }
    const frame = eventBody({ type: "invoice.created", object: { filler: "" } });
    const full = frame.replace('"filler":""', `"filler":"${"x".repeat(1024 * 1024 - frame.length)}"`);
    expect(full).toHaveLength(1024 * 1024);
    expect((await tally.handlers.stripeWebhook(await signedRequest(full))).status).toBe(200);
  });

  it("of a type without an effect is recorded, answered 200, and has no task", async () => {
    const id = uniqueId("evt");
    const response = await tally.handlers.stripeWebhook(
      await signedRequest(eventBody({ id, type: "product.created", object: { id: "prod_1" } })),
    );
    expect([response.status, await response.json()]).toEqual([200, { received: true }]);
    expect((await tally.events.list()).items[0]).toMatchObject({ eventId: id, status: "ignored", taskId: null });
    await expect(tally.events.replay(id)).rejects.toMatchObject({ code: "invalid_state" });
  });

  it("signed with the old or the new secret while one is rolled, but not with a removed one", async () => {
    const rolling = await setUp({ payment: stripe({ webhookSecrets: "whsec_new, whsec_old ,," }) });
    for (const [secret, status] of [
      ["whsec_new", 200],
      ["whsec_old", 200],
      [WEBHOOK_SECRET, 400],
    ] as const) {
      const fresh = eventBody({ type: "invoice.created", object: {} });
      const response = await rolling.tally.handlers.stripeWebhook(
        post(fresh, { "stripe-signature": await signatureOf(fresh, secret) }),
      );
      expect(response.status).toBe(status);
    }
  });

  it("with text that Postgres can't store in it, and keeps the rest", async () => {
    const id = uniqueId("evt");
    const odd = eventBody({ id, type: "invoice.paid", object: { name: "a\0b", path: "C:\\u0000" } });
    expect((await tally.handlers.stripeWebhook(await signedRequest(odd))).status).toBe(200);
    const [row] = await sql.query<{ object: unknown }>(
      "select payload -> 'data' -> 'object' as object from tallystick.webhook_event where event_id = $1",
      [id],
    );
    expect(row?.object).toEqual({ name: "a\ufffdb", path: "C:\\u0000" });
  });

  it("when no secret is configured is refused, whatever signs it", async () => {
    for (const webhookSecrets of ["", " , ", []]) {
      const closed = await setUp({ payment: stripe({ webhookSecrets }), database: (await setUp()).databaseUrl });
      expect((await closed.tally.handlers.stripeWebhook(await signedRequest(body))).status).toBe(400);
    }
  });

  it("without a payment provider does not exist", async () => {
    const { tally: none } = await setUp({ payment: undefined });
    expect((await none.handlers.stripeWebhook(await signedRequest(body))).status).toBe(404);
  });
});
