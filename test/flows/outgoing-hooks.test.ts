// Hooks: in the effect's own transaction where the effect runs in TypeScript, from the journal's outbox for its entries, by
// a task for the rest; and what becomes of each when the hook throws or the process is another.
import { describe, expect, it } from "vitest";
import type { EventHooks, OutgoingEvent, Tallystick } from "../../src/index.ts";
import { sendEvent } from "../support/engine.ts";
import { setUp, skipDelays } from "./setup.ts";
import { invoice, subscription } from "./stripe-objects.ts";

async function pay(tally: Tallystick, userId: string): Promise<void> {
  const object = invoice({ userId, customer: `cus_of_${userId}`, lines: [{ priceId: "price_pro_monthly" }] });
  await sendEvent(tally, { type: "invoice.paid", object });
}

/** Hooks that write down what they hear. */
function listening(...types: readonly (keyof EventHooks)[]): { heard: OutgoingEvent[]; on: EventHooks } {
  const heard: OutgoingEvent[] = [];
  return {
    heard,
    on: Object.fromEntries(types.map((type) => [type, (event: OutgoingEvent) => void heard.push(event)])),
  };
}
const keysOf = (events: readonly OutgoingEvent[]): string[] => events.map(({ key }) => key);

describe("a payment's hook", () => {
  it("writes in the effect's transaction, once, however often the event is told", async () => {
    const { heard, on } = listening("payment.received");
    const { tally, sql } = await setUp({
      on: {
        async "payment.received"(event, { tx }) {
          await on["payment.received"]?.(event, { tx });
          const [inside] = await tx.query("select status from tallystick.webhook_event");
          expect(inside).toEqual({ status: "pending" });
          await tally.credits.grant({ userId: event.data.userId, amount: 7, type: "register_gift" }, { tx });
        },
      },
    });
    await pay(tally, "ann");
    await tally.drain();
    for (const { id } of (await tally.events.list()).items) await tally.events.replay(id);
    await tally.drain();
    expect(heard).toEqual([
      {
        key: expect.stringMatching(/^payment\.received:stripe:/),
        type: "payment.received",
        timestamp: expect.any(Date),
        data: { userId: "ann", amount: expect.any(Number), currency: "usd", items: ["Pro"] },
      },
    ]);
    expect((await tally.credits.balance({ userId: "ann" })).balance).toBe(1007);
    expect(await sql.query("select type from tallystick.outgoing_event")).toEqual([{ type: "payment.received" }]);
  });

  it("that throws undoes the effect, and both happen with the event's next try", async () => {
    let broken = true;
    const { tally, sql } = await setUp({
      on: {
        "payment.received"() {
          if (broken) throw new Error("the mailer is down");
        },
      },
    });
    await pay(tally, "ann");
    expect(await tally.drain()).toMatchObject({ failed: 1 });
    expect((await tally.credits.balance({ userId: "ann" })).balance).toBe(0);
    expect(await sql.query("select 1 from tallystick.outgoing_event")).toEqual([]);
    broken = false;
    await skipDelays(sql);
    await tally.drain();
    expect((await tally.credits.balance({ userId: "ann" })).balance).toBe(1000);
  });

  it("of a subscription is called for each change of its state, also back to one that it had, and for nothing else", async () => {
    const { heard, on } = listening("subscription.changed", "subscription.cancelled");
    const { tally } = await setUp({ on });
    const tell = async (status: string): Promise<void> => {
      const object = subscription({
        id: "sub_1",
        userId: "ann",
        customer: "cus_1",
        priceId: "price_pro_monthly",
        status,
      });
      await sendEvent(tally, { type: "customer.subscription.updated", object });
      await tally.drain();
    };
    for (const status of ["active", "active", "past_due", "active", "canceled", "active"]) await tell(status);
    const told = heard.map(({ type, data }) => `${type} ${"status" in data ? data.status : ""}`.trim());
    expect(told).toEqual([
      "subscription.changed active",
      "subscription.changed past_due",
      "subscription.changed active",
      "subscription.changed canceled",
      "subscription.cancelled",
    ]);
    expect(new Set(keysOf(heard)).size).toBe(5);
  });
});

describe("an entry's hook", () => {
  it("hears of every entry of its types, whatever wrote it, each once and an account's in order", async () => {
    const { heard, on } = listening(
      "credits.granted",
      "credits.adjusted",
      "credits.consumed",
      "credits.expired",
      "credits.refunded",
      "credits.clawed_back",
      "credits.reinstated",
      "credits.transferred",
      "credits.rolled_over",
    );
    const now = new Date("2026-03-01T00:00:00Z");
    const { tally, sql } = await setUp({ on, clock: () => now });
    await tally.migrate();
    const { credits } = tally;
    await pay(tally, "ann");
    await tally.drain();
    const { transactionId } = await credits.consume({
      userId: "ann",
      amount: 10,
      idempotencyKey: "k",
      feature: "image",
    });
    await credits.refund({ transactionId, amount: 4 });
    await credits.consumeMany([
      { userId: "ann", amount: 1 },
      { userId: "ann", amount: 2 },
    ]);
    const hold = await credits.hold({ userId: "ann", amount: 5 });
    await credits.capture({ holdId: hold.id, amount: 5 });
    await credits.enrol({ userId: "bob", planId: "free" });
    await credits.grant({ userId: "old", amount: 3, type: "register_gift" });
    await credits.merge({ fromUserId: "old", toUserId: "bob", actor: "ops", reason: "one person" });
    await credits.adjust({ userId: "bob", amount: -1, actor: "ops", reason: "test" });
    const [payment] = await sql.query<{ id: string }>("select id::text from tallystick.payment");
    await credits.settleReturns({ paymentId: payment?.id ?? "", paid: 100, returned: 50 });
    await credits.settleReturns({ paymentId: payment?.id ?? "", paid: 100, returned: 0 });
    now.setTime(now.getTime() + 40 * 86_400_000);
    await tally.tick();
    await tally.tick();
    const journal = await sql.query<{ key: string }>(
      `select account_id, id::text as key from tallystick.credit_transaction order by account_id, seq`,
    );
    const told = heard.map((event) => event.key.split(":")[1] ?? "");
    expect(told.toSorted()).toEqual(journal.map(({ key }) => key).toSorted());
    const mine = heard.filter(({ data }) => "userId" in data && data.userId === "ann");
    const sequence = mine.map(({ data }) => ("sequence" in data ? data.sequence : 0));
    expect(sequence).toEqual(Array.from({ length: mine.length }, (_, index) => index + 1));
    expect(mine[1]).toEqual({
      key: `credits.consumed:${transactionId}`,
      type: "credits.consumed",
      timestamp: new Date("2026-03-01T00:00:00Z"),
      data: {
        userId: "ann",
        unit: "credit",
        transactionId,
        operationId: transactionId,
        type: "usage",
        amount: -10,
        balanceAfter: 990,
        sequence: 2,
        paymentId: null,
        refundOfId: null,
        expiresAt: null,
        feature: "image",
        member: null,
        idempotencyKey: "k",
      },
    });
    expect(mine[0]?.data).toMatchObject({ type: "subscription_renewal", expiresAt: new Date("2026-03-31T00:00:00Z") });
    expect(new Set(heard.map(({ type }) => type)).size).toBe(8);
    expect(await sql.query("select 1 from tallystick.credit_outbox")).toEqual([]);
  });

  it("hears of nothing that is rolled back, nor of types that it is not for", async () => {
    const { heard, on } = listening("credits.granted");
    const { tally, sql } = await setUp({ on });
    await tally.migrate();
    const undone = sql.transaction(async (tx) => {
      await tally.credits.grant({ userId: "ann", amount: 5, type: "register_gift" }, { tx });
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    await tally.credits.grant({ userId: "ann", amount: 6, type: "register_gift" });
    await tally.credits.consume({ userId: "ann", amount: 1 });
    expect(await sql.query("select 1 from tallystick.credit_outbox")).toHaveLength(1);
    await tally.drain();
    expect(heard.map(({ data }) => "amount" in data && data.amount)).toEqual([6]);
  });

  it("that throws is undone and tried again, and the account's later entries wait for it, and no other's", async () => {
    let broken = true;
    const done: string[] = [];
    const { tally, sql } = await setUp({
      on: {
        async "credits.consumed"({ data }, { tx }) {
          await tally.credits.grant(
            { userId: `mirror-${data.userId}`, amount: -data.amount, type: "adjustment" },
            { tx },
          );
          if (broken && data.userId === "bad" && data.sequence === 3)
            throw new Error("no https://user:pw@mail.example/x");
          done.push(`${data.userId} ${data.sequence}`);
        },
      },
    });
    await tally.migrate();
    for (const userId of ["ann", "bad"]) await tally.credits.grant({ userId, amount: 100, type: "register_gift" });
    for (let n = 0; n < 3; n += 1) {
      for (const userId of ["bad", "ann"]) await tally.credits.consume({ userId, amount: 1 });
    }
    await tally.drain();
    await tally.drain();
    expect(done.toSorted()).toEqual(["ann 2", "ann 3", "ann 4", "bad 2"]);
    expect((await tally.credits.balance({ userId: "mirror-bad" })).balance).toBe(1);
    const waiting = await sql.query("select seq, attempts, last_error from tallystick.credit_outbox order by seq");
    expect(waiting).toEqual([
      { seq: 3, attempts: 1, last_error: "no https://mail.example/…" },
      { seq: 4, attempts: 0, last_error: null },
    ]);
    broken = false;
    await sql.query("update tallystick.credit_outbox set retry_at = clock_timestamp()");
    await tally.drain();
    expect(done.slice(4)).toEqual(["bad 3", "bad 4"]);
    expect((await tally.credits.balance({ userId: "mirror-bad" })).balance).toBe(3);
  });

  it("is left its entries by a process without it, and loses none when a backend is killed in the middle", async () => {
    const { heard, on } = listening("credits.granted", "credits.low");
    let kill = true;
    const { tally, databaseUrl, sql } = await setUp({
      on: {
        ...on,
        async "credits.granted"(event, { tx }) {
          if (kill) {
            kill = false;
            await tx.query("select pg_terminate_backend(pg_backend_pid())");
          }
          await on["credits.granted"]?.(event, { tx });
        },
      },
      alerts: [{ kind: "low", amount: 100 }],
    });
    await tally.migrate();
    await tally.credits.grant({ userId: "ann", amount: 100, type: "register_gift" });
    await tally.credits.consume({ userId: "ann", amount: 1 });
    const { tally: bare } = await setUp({ database: databaseUrl });
    await bare.drain();
    await bare.tick();
    expect(await sql.query("select 1 from tallystick.credit_outbox")).toHaveLength(1);
    await expect(tally.drain()).rejects.toThrow(expect.objectContaining({ code: "storage_unavailable" }));
    await tally.drain();
    expect(heard.map(({ type }) => type).toSorted()).toEqual(["credits.granted", "credits.low"]);
    expect(await sql.query("select 1 from tallystick.credit_outbox")).toEqual([]);
  });

  it("is one of several that services have: each gets its own, and neither takes anything from the other", async () => {
    const granted = listening("credits.granted", "credits.low");
    const consumed = listening("credits.consumed", "credits.exhausted");
    const { tally, databaseUrl } = await setUp({
      on: granted.on,
      alerts: [{ kind: "low", amount: 5 }, { kind: "exhausted" }],
    });
    await tally.migrate();
    const { tally: other } = await setUp({ database: databaseUrl, on: consumed.on });
    await other.migrate();
    await tally.credits.grant({ userId: "ann", amount: 5, type: "register_gift" });
    await tally.credits.consume({ userId: "ann", amount: 5 });
    await other.drain();
    expect(consumed.heard.map(({ type }) => type).toSorted()).toEqual(["credits.consumed", "credits.exhausted"]);
    await tally.drain();
    expect(granted.heard.map(({ type }) => type).toSorted()).toEqual(["credits.granted", "credits.low"]);
  });

  it("that no process has had for two days is dropped with what waits for it, and the journal has no trigger then", async () => {
    const triggers = "select tgname from pg_trigger where tgname like 'credit_transaction_outbox%'";
    const { tally, databaseUrl, sql } = await setUp({ on: { "credits.expired": () => undefined } });
    expect(await sql.query(triggers)).toEqual([]);
    await tally.migrate();
    expect(await sql.query(triggers)).toEqual([{ tgname: "credit_transaction_outbox_hooks" }]);
    const now = new Date();
    const expiresAt = new Date(now.getTime() + 86_400_000);
    await tally.credits.grant({ userId: "ann", amount: 5, type: "register_gift", expiresAt });
    const { tally: next } = await setUp({ database: databaseUrl, on: {}, clock: () => now });
    now.setTime(now.getTime() + 36 * 3_600_000);
    await next.tick();
    expect(await sql.query("select 1 from tallystick.credit_outbox")).toHaveLength(1);
    expect(await sql.query(triggers)).toHaveLength(1);
    now.setTime(now.getTime() + 36 * 3_600_000);
    await next.tick();
    expect(await sql.query("select 1 from tallystick.credit_outbox")).toEqual([]);
    expect(await sql.query(triggers)).toEqual([]);
  });
});

describe("every other hook", () => {
  it("is called by a task of its own: it can't keep from happening what it hears of", async () => {
    let broken = true;
    const { heard, on } = listening("task.dead");
    const { tally, sql } = await setUp({
      on: {
        async "task.dead"(event, context) {
          if (broken) throw new Error("not now");
          await on["task.dead"]?.(event, context);
        },
      },
      retry: { maxAttempts: 1 },
      tasks: [
        {
          name: "hopeless",
          async run() {
            throw new Error("never");
          },
        },
      ],
    });
    await tally.tasks.enqueue({ name: "hopeless" });
    await tally.drain();
    // The hook's own task is dead too, and is not told to the hook that failed.
    expect((await tally.tasks.list({ status: "dead" })).items.map(({ name }) => name)).toEqual([
      "call-hook",
      "hopeless",
    ]);
    broken = false;
    const [dead] = (await tally.tasks.list({ status: "dead" })).items;
    await tally.tasks.replay(dead?.id ?? "");
    await tally.drain();
    expect(heard).toMatchObject([{ type: "task.dead", data: { taskName: "hopeless", error: "never" } }]);
    expect(await sql.query("select count(*) as count from tallystick.outgoing_event")).toEqual([{ count: 1 }]);
  });

  it("must be for a type that there is", async () => {
    const on = { "credits.grantd": () => undefined } as EventHooks;
    await expect(setUp({ on })).rejects.toThrow("on: there is no type of event credits.grantd.");
  });
});
