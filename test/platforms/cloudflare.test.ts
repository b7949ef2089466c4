// examples/cloudflare, built and run by workerd, on a real Postgres over TCP. The engine in this process prepares and looks; what
// is asserted the Worker has done.
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundle } from "../../examples/cloudflare/build.ts";
import { connect, type Database } from "../../src/db/database.ts";
import type { Tallystick } from "../../src/index.ts";
import {
  API_KEY,
  checkoutSession,
  createTestEngine,
  CRON_SECRET,
  eventBody,
  sendEvent,
  signatureOf,
  uniqueId,
} from "../support/engine.ts";
import { startWorker, type RunningWorker } from "./workerd.ts";

let worker: RunningWorker;
let sql: Database;
let tally: Tallystick;

beforeAll(async () => {
  const engine = await createTestEngine();
  ({ tally } = engine);
  sql = connect(engine.databaseUrl);
  worker = await startWorker(engine.databaseUrl);
});

afterAll(async () => {
  await worker.close();
  await tally.close();
  await sql.close();
});

const purchase = (userId: string) => ({
  type: "checkout.session.completed",
  object: checkoutSession({ userId, priceId: "price_credits_basic" }),
});

async function post(body: string, signature: string): Promise<Response> {
  const headers = { "content-type": "application/json", "stripe-signature": signature };
  return worker.fetch("/api/webhooks/stripe", { method: "POST", body, headers });
}

const balanceOf = async (userId: string): Promise<number> => (await tally.credits.balance({ userId })).balance;
const untilBalance = async (userId: string, balance: number): Promise<void> =>
  expect.poll(async () => balanceOf(userId), { timeout: 20_000 }).toBe(balance);

it("a signed webhook is answered 200 and credited by the queue's consumer, with no tick", async () => {
  const body = eventBody(purchase("buyer"));
  const response = await post(body, await signatureOf(body));
  expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { received: true } });
  await untilBalance("buyer", 100);
  const [attempt] = await sql.query<{ woken: boolean }>(
    "select woken_at is not null as woken from tallystick.task where name = 'payment-event' order by id desc limit 1",
  );
  expect(attempt?.woken).toBe(true);
});

it("a webhook whose body was changed is answered 400 and not stored", async () => {
  const body = eventBody(purchase("forger"));
  const response = await post(body.replace("forger", "thief!"), await signatureOf(body));
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 400,
    body: { error: "Invalid signature" },
  });
  expect(await sql.query("select from tallystick.webhook_event where payload::text like '%thief!%'")).toEqual([]);
});

it("the cron trigger expires what is over and distributes what is due", async () => {
  await tally.credits.grant({
    userId: "old",
    amount: 7,
    type: "register_gift",
    expiresAt: new Date(Date.now() + 1_500),
  });
  await tally.credits.enrol({ userId: "member", planId: "free" });
  await sql.query("update tallystick.credit_enrolment set next_due_at = now() - interval '1 minute'");
  await expect
    .poll(async () => (await tally.credits.balance({ userId: "old" })).lots.length, { timeout: 10_000 })
    .toBe(0);
  expect(await worker.scheduled()).toBe("ok");
  const booked = await sql.query(
    `select account.user_id, entry.type, entry.amount from tallystick.credit_transaction entry
     join tallystick.user_credit account on account.id = entry.account_id
     where account.user_id in ('old', 'member') order by entry.id`,
  );
  expect(booked).toContainEqual({ user_id: "old", type: "expire", amount: -7 });
  expect(booked.filter(({ user_id: userId, amount }) => userId === "member" && amount === 50)).toHaveLength(2);
});

it("the cron route runs the tick for who has its secret, and for nobody else", async () => {
  expect((await worker.fetch("/api/cron/tick")).status).toBe(401);
  const response = await worker.fetch("/api/cron/tick", { headers: { authorization: `Bearer ${CRON_SECRET}` } });
  expect({ status: response.status, body: await response.json() }).toMatchObject({
    status: 200,
    body: { success: true },
  });
});

it("the REST API spends for its key, and refuses another", async () => {
  await tally.credits.grant({ userId: "caller", amount: 10, type: "register_gift" });
  const call = async (key: string) =>
    worker.fetch("/api/v1/accounts/caller/consume", {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ amount: 3 }),
    });
  expect((await call("another")).status).toBe(401);
  const response = await call(API_KEY);
  expect({ status: response.status, body: await response.json() }).toMatchObject({ status: 200, body: { balance: 7 } });
});

it("an export is streamed whole before its connection is closed", async () => {
  const response = await worker.fetch("/api/v1/accounts/caller/export", {
    headers: { authorization: `Bearer ${API_KEY}` },
  });
  expect(await response.json()).toMatchObject({
    userId: "caller",
    transactions: expect.any(Array) as unknown,
    outgoingEvents: [],
  });
});

it("the health route answers once the migrated database does", async () => {
  const response = await worker.fetch("/api/health");
  expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { status: "ok" } });
});

async function whileBroken<Result>(work: () => Promise<Result>): Promise<Result> {
  await sql.query("alter schema tallystick rename to away");
  try {
    return await work();
  } finally {
    await sql.query("alter schema away rename to tallystick");
  }
}

it("a batch that can't be answered is retried message by message, and acknowledged once it can", async () => {
  await sendEvent(tally, purchase("late"));
  const messages = ["a", "b"].map((id) => ({
    id: uniqueId(id),
    timestamp: new Date(),
    body: { taskId: "1" },
    attempts: 1,
  }));
  const ids = messages.map(({ id }) => id);
  const failed = await whileBroken(async () => worker.queue(messages));
  expect(failed.retryMessages.map(({ msgId }) => msgId)).toEqual(ids);
  expect(failed.explicitAcks).toEqual([]);
  expect(await balanceOf("late")).toBe(0);
  const answered = await worker.queue(messages.map((message) => ({ ...message, attempts: 2 })));
  expect(answered.explicitAcks).toEqual(ids);
  expect(await balanceOf("late")).toBe(100);
});

it("the queue delivers a failed batch again by itself", async () => {
  await sendEvent(tally, purchase("later"));
  await whileBroken(async () => {
    await worker.send({ taskId: "1" });
    await expect.poll(() => worker.output(), { timeout: 20_000 }).toContain("a batch of wakes will be tried again");
  });
  await untilBalance("later", 100);
});

it("30 webhooks at once are all answered 200, and each is credited once", async () => {
  const bodies = Array.from({ length: 30 }, () => eventBody(purchase("many")));
  const responses = await Promise.all(bodies.map(async (body) => post(body, await signatureOf(body))));
  expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200));
  await untilBalance("many", 3_000);
});

it("what is read at the start stays under 500 kB minified, and all modules together under 1,300 kB", async () => {
  const { startBytes, totalBytes } = await bundle();
  expect(startBytes).toBeLessThan(500_000);
  expect(totalBytes).toBeLessThan(1_300_000);
});

it("the bundle imports no module of Node's but for pg", async () => {
  const { builtins } = await bundle();
  expect(Object.fromEntries(builtins)).toEqual({
    "cloudflare:sockets": ["pg-cloudflare"],
    "node:crypto": ["pg"],
    "node:dns": ["pg"],
    "node:events": ["pg", "pg-cloudflare", "pg-pool"],
    "node:fs": ["pg-connection-string", "pgpass"],
    "node:net": ["pg"],
    "node:path": ["pgpass"],
    "node:stream": ["pgpass", "split2"],
    "node:string_decoder": ["split2"],
    "node:tls": ["pg"],
    "node:util": ["pg", "pgpass"],
    "node:util/types": ["pg"],
    "pg-native": ["pg"],
  });
});
