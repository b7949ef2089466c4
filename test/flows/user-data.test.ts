// A user's data over all layers: what is read out, what erasure leaves, and that events told again change nothing then.
import { describe, expect, it } from "vitest";
import { connect } from "../../src/db/database.ts";
import type { Tallystick } from "../../src/index.ts";
import type { Channel } from "../../src/notification/channel.ts";
import { callApi, checkoutSession, sendEvent, uniqueId } from "../support/engine.ts";
import { setUp, skipDelays, untilBlocked, type Setup } from "./setup.ts";
import { invoice } from "./stripe-objects.ts";

const people = {
  customer_details: { email: "ada@example.com", name: "Ada Lovelace", address: { line1: "1 Engine Street" } },
  customer_email: "ada@example.com",
};

async function paidUser(setup: Setup, userId: string, customer: string): Promise<void> {
  const { tally } = setup;
  const session = checkoutSession({ userId, priceId: "price_credits_plus", customer });
  await sendEvent(tally, { type: "checkout.session.completed", object: { ...session, ...people } });
  const bill = invoice({ userId, lines: [{ priceId: "price_pro_monthly" }] });
  await sendEvent(tally, { type: "invoice.paid", object: { ...bill, customer, ...people } });
  await sendEvent(tally, {
    type: "customer.updated",
    object: { id: customer, object: "customer", email: "ada@example.com", name: "Ada Lovelace" },
  });
  await tally.drain();
  await tally.credits.consume({ userId, amount: 7, description: `for ${userId}`, metadata: { prompt: userId } });
  await tally.credits.hold({ userId, amount: 3, description: `for ${userId}` });
  await tally.credits.setLimit({ userId, period: "day", amount: 100 });
}

/** Rules of the account's own, and a crossing of the first. */
async function alerted({ tally }: Setup, userId: string): Promise<void> {
  await tally.credits.setAlerts({
    userId,
    unit: "alerted",
    rules: [{ kind: "low", amount: 5 }, { kind: "exhausted" }],
  });
  await tally.credits.grant({ userId, unit: "alerted", amount: 6, type: "register_gift" });
  await tally.credits.consume({ userId, unit: "alerted", amount: 4 });
}

const notifications: Channel[] = [
  { name: "silent", language: "en", minIntervalMs: 0, send: async () => ({ outcome: "sent" }) },
];

async function exported(tally: Tallystick, userId: string): Promise<Record<string, Record<string, unknown>[]>> {
  const response = await callApi(tally, `/accounts/${encodeURIComponent(userId)}/export`);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
  return (await response.json()) as Record<string, Record<string, unknown>[]>;
}

/** Everything in the database as one text. */
async function everything({ sql }: Setup): Promise<string> {
  const tables = await sql.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'tallystick' and table_type = 'BASE TABLE'",
  );
  const texts = await Promise.all(
    tables.map(async ({ name }) =>
      JSON.stringify(await sql.query(`select to_jsonb(t) as row from tallystick.${name} t`)),
    ),
  );
  return texts.join("\n");
}

describe("a user's data", () => {
  it("is read out whole, of every unit and of the accounts merged in, and of nobody else", async () => {
    const setup = await setUp({ notifications });
    const { tally } = setup;
    await paidUser(setup, "ada", "cus_ada");
    await paidUser(setup, "bob", "cus_bob");
    await tally.credits.setAlerts({ userId: "ada", rules: [{ kind: "low", amount: 1480 }] });
    await tally.credits.hold({ userId: "ada", amount: 20 });
    await tally.credits.grant({ userId: "ada", unit: "token", amount: 5, type: "adjustment" });
    await tally.credits.grant({ userId: "anonymous-1", amount: 2, type: "register_gift" });
    await tally.credits.merge({ fromUserId: "anonymous-1", toUserId: "ada", actor: "test", reason: "signed in" });
    const data = await exported(tally, "ada");
    expect(Object.keys(data)).toEqual(
      "userId exportedAt accounts transactions lots holds enrolments limits alertRules alerts customers payments returns subscriptions autoTopUps topUpAttempts events notifications endpoints outgoingEvents".split(
        " ",
      ),
    );
    expect(data["accounts"]).toMatchObject([
      { userId: "ada", unit: "credit", book: 1495 },
      { userId: "ada", unit: "token", book: 5 },
      { userId: "anonymous-1", mergedInto: "ada" },
    ]);
    expect(data["transactions"]?.map(({ userId, type, amount }) => [userId, type, amount])).toEqual([
      ["ada", "purchase_package", 500],
      ["ada", "subscription_renewal", 1000],
      ["ada", "usage", -7],
      ["ada", "transfer_in", 2],
      ["ada", "adjustment", 5],
      ["anonymous-1", "register_gift", 2],
      ["anonymous-1", "transfer_out", -2],
    ]);
    expect(data["transactions"]?.[2]).toMatchObject({
      description: "for ada",
      metadata: { prompt: "ada" },
      draws: [{ amount: 7 }],
    });
    expect(data["lots"]).toHaveLength(5);
    expect(data["holds"]).toMatchObject([
      { amount: 3, status: "open", description: "for ada" },
      { amount: 20, status: "open" },
    ]);
    expect(data["alertRules"]).toMatchObject([{ userId: "ada", rules: [{ kind: "low", amount: 1480 }] }]);
    expect(data["alerts"]).toMatchObject([{ userId: "ada", kind: "low", level: 1480, available: 1470 }]);
    expect(data["limits"]).toMatchObject([{ period: "day", amount: 100 }]);
    expect(data["customers"]).toMatchObject([{ customerId: "cus_ada" }]);
    expect(data["payments"]).toHaveLength(2);
    expect(data["events"]?.map(({ type }) => type)).toEqual(["checkout.session.completed", "invoice.paid"]);
    expect(data["notifications"]?.map(({ kind }) => kind)).toEqual(["payment.received", "payment.received"]);
    expect(JSON.stringify(data)).not.toMatch(/bob/);
  });

  it("has the account's own alert rules and the alerts noted, and nobody else's", async () => {
    const setup = await setUp();
    for (const userId of ["ada", "bob"]) await alerted(setup, userId);
    await setup.tally.credits.grant({ userId: "ada", amount: 1, type: "register_gift" });
    const { recent } = await setup.tally.credits.alerts({ userId: "ada", unit: "alerted" });
    const { alertRules, alerts } = await exported(setup.tally, "ada");
    expect(alertRules).toEqual([
      {
        userId: "ada",
        unit: "alerted",
        rules: [{ kind: "low", amount: 5 }, { kind: "exhausted" }],
        updatedAt: expect.any(String) as string,
      },
    ]);
    expect(alerts).toMatchObject(JSON.parse(JSON.stringify(recent)) as object[]);
    expect(alerts).toMatchObject([{ kind: "low", level: 5, available: 2, lotId: null, relayedAt: null }]);
  });

  it("has every enrolment with its periods, whether it is paused, and what it continues", async () => {
    const { tally } = await setUp();
    const { enrolmentId } = await tally.credits.enrol({ userId: "ada", planId: "free" });
    const { enrolment } = await tally.credits.changePlan({ userId: "ada", from: "free", to: "pro" });
    await tally.credits.pauseEnrolment({ enrolmentId: enrolment.id });
    const { enrolments } = await exported(tally, "ada");
    expect(enrolments).toMatchObject([
      { planId: "free", endedAt: expect.any(String) as string, continuesId: null },
      {
        planId: "pro",
        periodsGranted: 1,
        periodCount: null,
        pausedAt: expect.any(String) as string,
        endedAt: null,
        continuesId: enrolmentId,
      },
    ]);
  });

  it("of an unknown user is every section, empty", async () => {
    const { tally } = await setUp();
    const { userId, exportedAt, ...sections } = await exported(tally, "nobody");
    expect([userId, typeof exportedAt]).toEqual(["nobody", "string"]);
    expect(Object.values(sections)).toEqual(Object.values(sections).map(() => []));
  });

  it("comes page by page: more entries than a page holds are all there, once and in order", async () => {
    const { tally, sql } = await setUp();
    await tally.credits.grant({ userId: "busy", amount: 10_000, type: "purchase_package" });
    await sql.query("select tallystick.consume_credits('busy', 1) from generate_series(1, 2500)");
    const pages: number[] = [];
    const seqs: unknown[] = [];
    for await (const { section, rows } of tally.users.export({ userId: "busy" })) {
      if (section !== "transactions") continue;
      pages.push(rows.length);
      seqs.push(...rows.map(({ seq }) => seq));
    }
    expect(Math.max(...pages)).toBe(1000);
    expect(seqs).toEqual(Array.from({ length: 2501 }, (_, index) => index + 1));
    expect((await exported(tally, "busy"))["transactions"]).toHaveLength(2501);
  });

  it("that can't be read at once is 503, not half a document", async () => {
    const { tally } = await setUp({ database: "postgres://user:hunter2@127.0.0.1:9/none" });
    expect((await callApi(tally, "/accounts/ada/export")).status).toBe(503);
  });
});

describe("an erased user", () => {
  it("is named by no message in the product's own words, whatever these say", async () => {
    const setup = await setUp({
      notifications,
      templates: {
        "payment.received": {
          en: ({ userId }) => ({ title: `Ada (${userId}) paid`, text: "Ada Lovelace", fields: [] }),
        },
      },
    });
    await paidUser(setup, "user-ada", "cus_ada");
    await paidUser(setup, "user-bob", "cus_bob");
    const { notifications: told } = await exported(setup.tally, "user-ada");
    expect(told).toMatchObject([{ title: "Ada (user-ada) paid" }, { body: "Ada Lovelace" }]);
    expect(await setup.tally.users.erase({ userId: "user-ada" })).toMatchObject({ notifications: 2 });
    const rows = await setup.sql.query("select title, body, fields, user_id from tallystick.notification order by id");
    const forgotten = { title: "payment.received", body: "", fields: [], user_id: expect.stringMatching(/^erased:/) };
    const bob = { title: "Ada (user-bob) paid", body: "Ada Lovelace", fields: [], user_id: "user-bob" };
    expect(rows).toEqual([forgotten, forgotten, bob, bob]);
  });

  it("is named nowhere any more; amounts, audit and everybody else stay", async () => {
    const setup = await setUp({ notifications, endpoints: { allowPrivateHosts: true } });
    const { tally } = setup;
    await tally.endpoints.add({ url: "http://127.0.0.1:9/ours" });
    await tally.endpoints.add({ url: "http://127.0.0.1:9/user-ada", userId: "user-ada" });
    await paidUser(setup, "user-ada", "cus_ada");
    await paidUser(setup, "user-bob", "cus_bob");
    await tally.credits.grant({ userId: "anonymous-1", amount: 2, type: "register_gift" });
    await tally.credits.merge({ fromUserId: "anonymous-1", toUserId: "user-ada", actor: "test", reason: "it is Ada" });
    const { endpoints, outgoingEvents } = await exported(tally, "user-ada");
    expect(endpoints).toMatchObject([{ url: "http://127.0.0.1:9/user-ada" }]);
    expect(outgoingEvents?.map(({ type }) => type).toSorted()).toEqual([
      "credits.granted",
      "credits.granted",
      "payment.received",
      "payment.received",
    ]);
    expect(outgoingEvents).toMatchObject(Array.from({ length: 4 }, () => ({ data: { userId: "user-ada" } })));
    const bob = await exported(tally, "user-bob");
    const answer = await callApi(tally, "/accounts/user-ada", { method: "DELETE" });
    const erased = (await answer.json()) as { alias: string };
    expect([answer.status, erased]).toEqual([
      200,
      {
        alias: expect.stringMatching(/^erased:/) as string,
        accounts: 2,
        customers: 1,
        payments: 2,
        subscriptions: 0,
        events: 2,
        notifications: 2,
        endpoints: 1,
        outgoingEvents: 4,
      },
    ]);
    expect((await everything(setup)).match(/user-ada|anonymous-1/g)).toBeNull();
    const own = JSON.stringify(await exported(tally, erased.alias));
    expect(own).not.toMatch(/Ada|Lovelace|example\.com|Engine Street/);
    expect(await tally.credits.balance({ userId: erased.alias })).toMatchObject({ balance: 1495, held: 3 });
    expect(await tally.credits.balance({ userId: "user-ada" })).toMatchObject({ balance: 0, lots: [] });
    expect(await tally.credits.audit()).toMatchObject({ ok: true });
    const { exportedAt: _before, ...bobBefore } = bob;
    const { exportedAt: _after, ...bobAfter } = await exported(tally, "user-bob");
    expect(bobAfter).toEqual(bobBefore);
  });

  it("gets and loses nothing by a replay of the events, and by new ones of the customer comes not back", async () => {
    const setup = await setUp({ notifications });
    const { tally, sql } = setup;
    await paidUser(setup, "user-ada", "cus_ada");
    const { alias } = await tally.users.erase({ userId: "user-ada" });
    const before = await sql.query("select count(*) from tallystick.credit_transaction");
    const { items } = await tally.events.list({ status: "processed" });
    expect(items).toHaveLength(2);
    for (const { id } of items) await tally.events.replay(id);
    expect(await tally.drain()).toMatchObject({ done: 2, dead: 0 });
    expect(await sql.query("select count(*) from tallystick.credit_transaction")).toEqual(before);
    // The subscription was not ended at the provider, whose objects still name the user.
    const next = invoice({ userId: "user-ada", lines: [{ priceId: "price_pro_monthly" }] });
    const named = { ...next, customer: "cus_ada", customer_email: "ada@example.com", customer_name: "Ada Lovelace" };
    await sendEvent(tally, { type: "invoice.paid", object: named });
    await tally.drain();
    const [told] = await sql.query<{ payload: unknown }>(
      "select payload from tallystick.webhook_event order by id desc limit 1",
    );
    expect(JSON.stringify(told)).toContain(String(next["id"]));
    expect(JSON.stringify(told)).not.toMatch(/ada@|Lovelace|user-ada/);
    expect(await tally.credits.balance({ userId: alias })).toMatchObject({ balance: 2493 });
    expect(await sql.query("select 1 from tallystick.user_credit where user_id = 'user-ada'")).toEqual([]);
    // A person may hand the customer to a user again.
    await tally.payment.linkCustomer({ customerId: "cus_ada", userId: "ada-again" });
    const late = invoice({ userId: "ada-again", lines: [{ priceId: "price_pro_monthly" }] });
    await sendEvent(tally, { type: "invoice.paid", object: { ...late, customer: "cus_ada" } });
    await tally.drain();
    expect(await tally.credits.balance({ userId: "ada-again" })).toMatchObject({ balance: 1000 });
  });

  it("keeps no payment of another user's from them: a customer that goes on for somebody else becomes theirs", async () => {
    const setup = await setUp();
    const { tally } = setup;
    await paidUser(setup, "user-ada", "cus_ada");
    const { alias } = await tally.users.erase({ userId: "user-ada" });
    await tally.credits.grant({ userId: "user-eve", amount: 1, type: "register_gift" });
    const next = invoice({ userId: "user-eve", lines: [{ priceId: "price_pro_monthly" }] });
    await sendEvent(tally, { type: "invoice.paid", object: { ...next, customer: "cus_ada" } });
    await tally.drain();
    expect(await tally.credits.balance({ userId: "user-eve" })).toMatchObject({ balance: 1001 });
    expect(await tally.credits.balance({ userId: alias })).toMatchObject({ balance: 1493 });
  });

  it("is not brought back by an event that is handled while the user is erased", async () => {
    const setup = await setUp();
    const { tally, sql } = setup;
    await paidUser(setup, "user-ada", "cus_ada");
    const next = invoice({ userId: "user-ada", lines: [{ priceId: "price_pro_monthly" }] });
    await sendEvent(tally, { type: "invoice.paid", object: { ...next, customer: "cus_ada" } });
    // Erased, and not committed yet: the handler finds the customer locked, and then the alias.
    let draining: Promise<unknown> = Promise.resolve();
    const { alias } = await sql.transaction(async (tx) => {
      const erased = await tally.users.erase({ userId: "user-ada" }, { tx });
      draining = tally.drain();
      await untilBlocked(sql, "%tallystick.customer%");
      return erased;
    });
    await draining;
    await skipDelays(sql);
    await tally.drain();
    expect(await sql.query("select 1 from tallystick.user_credit where user_id = 'user-ada'")).toEqual([]);
    expect(await tally.credits.balance({ userId: alias })).toMatchObject({ balance: 2493 });
  });

  it("is not named by what the alert hook said of it either; an alert that is being told is not waited for", async () => {
    const setup = await setUp({
      onAlert: ({ userId }) => {
        throw new Error(`no mail for ${userId}`);
      },
    });
    for (const userId of ["user-ada", "user-bob", "user-cat"]) await alerted(setup, userId);
    await setup.tally.drain();
    await setup.sql.transaction(async (tx) => {
      await tx.query(
        `select from tallystick.credit_alert alert join tallystick.user_credit account on account.id = alert.account_id
         where account.user_id = 'user-cat' for update of alert`,
      );
      for (const userId of ["user-ada", "user-cat"]) await setup.tally.users.erase({ userId });
    });
    const told = async (): Promise<unknown> =>
      setup.sql.query("select last_error as error, attempts from tallystick.credit_alert order by id");
    expect(await told()).toEqual([
      { error: null, attempts: 1 },
      { error: "no mail for user-bob", attempts: 1 },
      { error: "no mail for user-cat", attempts: 1 },
    ]);
    await setup.sql.query("update tallystick.credit_alert set retry_at = clock_timestamp()");
    await setup.tally.drain();
    expect(JSON.stringify(await told())).not.toMatch(/user-ada|user-cat/);
  });

  it("is erased in the caller's transaction: rolled back, nothing is forgotten", async () => {
    const setup = await setUp();
    await paidUser(setup, "user-ada", "cus_ada");
    const { exportedAt: _before, ...before } = await exported(setup.tally, "user-ada");
    const failure = new Error("rolled back");
    await expect(
      connect(setup.databaseUrl, { poolSize: 1 }).transaction(async (tx) => {
        await setup.tally.users.erase({ userId: "user-ada" }, { tx });
        throw failure;
      }),
    ).rejects.toBe(failure);
    const { exportedAt: _after, ...after } = await exported(setup.tally, "user-ada");
    expect(after).toEqual(before);
  });

  it.each(["50%_off", 'a"b\\c', "Ünï\tcode"])(
    "is found in its events whatever its id is made of: %j",
    async (userId) => {
      const { tally } = await setUp();
      await sendEvent(tally, { type: "invoice.paid", object: { metadata: { userId }, email: "ada@example.com" } });
      await sendEvent(tally, { type: "invoice.paid", object: { metadata: { userId: "50 off" } } });
      expect(await tally.users.erase({ userId })).toMatchObject({ events: 1 });
      expect((await exported(tally, userId))["events"]).toEqual([]);
    },
  );

  it("that nobody knows is erased without a trace, and twice is once", async () => {
    const { tally } = await setUp();
    const userId = uniqueId("ghost");
    const nothing = { accounts: 0, customers: 0, payments: 0, subscriptions: 0, events: 0, notifications: 0 };
    expect(await tally.users.erase({ userId })).toMatchObject(nothing);
    await tally.credits.grant({ userId, amount: 1, type: "adjustment" });
    expect(await tally.users.erase({ userId })).toMatchObject({ ...nothing, accounts: 1 });
    expect(await tally.users.erase({ userId })).toMatchObject(nothing);
  });
});
