// Each payment has its effect once, whatever arrives twice, late or at the same time.
import { beforeEach, describe, expect, it } from "vitest";
import { startReceiver } from "../receiver.ts";
import { slack } from "../../src/notification/slack.ts";
import { checkoutSession, eventBody, sendEvent, signedRequest, uniqueId } from "../support/engine.ts";
import { journal, setUp, type Setup } from "./setup.ts";
import { invoice } from "./stripe-objects.ts";

let setup: Setup;
let userId: string;

beforeEach(async () => {
  setup = await setUp();
  userId = uniqueId("user");
});

const send = async (type: string, object: Record<string, unknown>, id?: string): Promise<number> =>
  (await sendEvent(setup.tally, { type, object, ...(id !== undefined && { id }) })).status;

async function amounts(): Promise<number[]> {
  await setup.tally.drain();
  expect(await setup.tally.credits.audit()).toMatchObject({ ok: true });
  expect((await setup.tally.events.list({ status: "dead" })).items).toEqual([]);
  expect((await setup.tally.tasks.list({ status: "pending" })).items).toEqual([]);
  return (await journal(setup.sql)).map(({ amount }) => amount);
}

describe("the same event", () => {
  it("delivered ten times at once is one row, one task and one grant, each answered 200", async () => {
    const body = eventBody({
      type: "invoice.paid",
      object: invoice({ userId, lines: [{ priceId: "price_pro_monthly" }] }),
    });
    const statuses = await Promise.all(
      Array.from(
        { length: 10 },
        async () => (await setup.tally.handlers.stripeWebhook(await signedRequest(body))).status,
      ),
    );
    expect(statuses).toEqual(Array.from({ length: 10 }, () => 200));
    expect(await amounts()).toEqual([1000]);
    expect((await setup.tally.events.list()).items).toHaveLength(1);
    expect((await setup.tally.tasks.list()).items).toHaveLength(1);
  });

  it("delivered again after it was processed changes nothing, and so does its replay", async () => {
    const id = uniqueId("evt");
    const object = invoice({ userId, lines: [{ priceId: "price_pro_monthly" }, { priceId: "price_pro_yearly" }] });
    await send("invoice.paid", object, id);
    expect(await amounts()).toEqual([1000, 1000]);
    expect(await send("invoice.paid", object, id)).toBe(200);
    await setup.tally.events.replay(id);
    expect((await setup.tally.events.list({ status: "pending" })).items).toHaveLength(1);
    expect(await amounts()).toEqual([1000, 1000]);
    expect((await setup.tally.events.list()).items).toMatchObject([{ status: "processed" }]);
  });
});

describe("two events about one payment", () => {
  it("the same invoice under two event ids gives once, also when both are handled at once", async () => {
    const object = invoice({ userId, lines: [{ priceId: "price_pro_monthly", quantity: 3 }] });
    await Promise.all([send("invoice.paid", object), send("invoice.paid", object)]);
    expect(await amounts()).toEqual([3000]);
  });

  it("a completed session and its asynchronous success give once, in either order and at once", async () => {
    for (const types of [
      ["checkout.session.completed", "checkout.session.async_payment_succeeded"],
      ["checkout.session.async_payment_succeeded", "checkout.session.completed"],
    ]) {
      const object = checkoutSession({ userId, priceId: "price_credits_basic", customer: uniqueId("cus") });
      for (const type of types) {
        await send(type, object);
        await setup.tally.drain();
      }
    }
    // Without a customer they share no lane: both are applied at the same time.
    const other = await setUp({ database: setup.databaseUrl });
    const object = checkoutSession({ userId, priceId: "price_credits_basic" });
    await send("checkout.session.completed", object);
    await send("checkout.session.async_payment_succeeded", object);
    await Promise.all([setup.tally.drain(), other.tally.drain()]);
    expect(await amounts()).toEqual([100, 100, 100]);
  });

  it("a fact told for another user later stays with the first", async () => {
    const object = invoice({ userId, lines: [{ priceId: "price_pro_monthly" }] });
    const sameForAnother = { ...object, metadata: { userId: "somebody-else" } };
    await send("invoice.paid", object);
    await setup.tally.drain();
    await send("invoice.paid", sameForAnother);
    expect(await amounts()).toEqual([1000]);
    expect((await setup.tally.credits.balance({ userId })).balance).toBe(1000);
  });
});

describe("a session that is paid later", () => {
  it("gives nothing while unpaid, and once when the money is there", async () => {
    const object = checkoutSession({ userId, priceId: "price_credits_basic", paymentStatus: "unpaid" });
    await send("checkout.session.completed", object);
    expect(await amounts()).toEqual([]);
    expect(await setup.sql.query("select status, paid from tallystick.payment")).toEqual([
      { status: "pending", paid: false },
    ]);
    await send("checkout.session.async_payment_succeeded", { ...object, payment_status: "paid" });
    expect(await amounts()).toEqual([100]);
    await send("checkout.session.completed", object);
    expect(await amounts()).toEqual([100]);
    expect(await setup.sql.query("select status, paid from tallystick.payment")).toEqual([
      { status: "paid", paid: true },
    ]);
  });

  it("and has an invoice only then is one payment, granted by the invoice", async () => {
    const object = checkoutSession({
      userId,
      priceId: "price_credits_basic",
      paymentStatus: "unpaid",
      customer: "cus_1",
    });
    await send("checkout.session.completed", object);
    await setup.tally.drain();
    await send("checkout.session.async_payment_succeeded", { ...object, payment_status: "paid", invoice: "in_late" });
    await send(
      "invoice.paid",
      invoice({
        id: "in_late",
        customer: "cus_1",
        userId,
        subscription: null,
        lines: [{ priceId: "price_credits_basic" }],
      }),
    );
    expect(await amounts()).toEqual([100]);
    expect(await setup.sql.query("select status, invoice_id, session_id from tallystick.payment")).toEqual([
      { status: "paid", invoice_id: "in_late", session_id: object["id"] },
    ]);
  });

  it("and has its invoice paid before the session says so is one payment too", async () => {
    const object = checkoutSession({
      userId,
      priceId: "price_credits_basic",
      paymentStatus: "unpaid",
      customer: "cus_1",
    });
    await send("checkout.session.completed", object);
    await send(
      "invoice.paid",
      invoice({
        id: "in_late",
        customer: "cus_1",
        userId,
        subscription: null,
        lines: [{ priceId: "price_credits_basic" }],
      }),
    );
    await setup.tally.drain();
    await send("checkout.session.async_payment_succeeded", { ...object, payment_status: "paid", invoice: "in_late" });
    expect(await amounts()).toEqual([100]);
    expect(await setup.sql.query("select status, paid, invoice_id, session_id from tallystick.payment")).toEqual([
      { status: "paid", paid: true, invoice_id: "in_late", session_id: object["id"] },
    ]);
  });

  it("but fails gives nothing, is recorded as failed and announced", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    setup = await setUp({ notifications: [slack({ url: `${receiver.origin}/hook`, allowPrivateHosts: true })] });
    const object = checkoutSession({ userId, priceId: "price_credits_basic", paymentStatus: "unpaid" });
    await send("checkout.session.completed", object);
    await send("checkout.session.async_payment_failed", object);
    expect(await amounts()).toEqual([]);
    expect(await setup.sql.query("select status, paid from tallystick.payment")).toEqual([
      { status: "failed", paid: false },
    ]);
    expect(await setup.sql.query("select kind, status from tallystick.notification")).toEqual([
      { kind: "payment.failed", status: "sent" },
    ]);
    expect(receiver.received).toHaveLength(1);
    // A later attempt of the same session that works is paid all the same.
    await send("checkout.session.async_payment_succeeded", { ...object, payment_status: "paid" });
    await setup.tally.drain();
    expect((await setup.tally.credits.balance({ userId })).balance).toBe(100);
  });
});

describe("an invoice that could not be collected", () => {
  it("is announced once for each attempt, and never takes back what was paid", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    setup = await setUp({ notifications: [slack({ url: `${receiver.origin}/hook`, allowPrivateHosts: true })] });
    const object = invoice({ userId, lines: [{ priceId: "price_pro_monthly" }] });
    await send("invoice.payment_failed", object);
    await send("invoice.payment_action_required", object);
    await send("invoice.payment_failed", { ...object, attempt_count: 2 });
    await send("invoice.paid", object);
    await send("invoice.payment_failed", { ...object, attempt_count: 2 });
    await setup.sql.query(
      "update tallystick.task_lane set paused_until = null, ready_at = clock_timestamp() where ready_at is not null",
    );
    while ((await setup.tally.drain()).processed > 0) {
      await setup.sql.query(
        "update tallystick.task_lane set paused_until = null, ready_at = clock_timestamp() where ready_at is not null",
      );
    }
    expect(await amounts()).toEqual([1000]);
    expect(await setup.sql.query("select status, paid from tallystick.payment")).toEqual([
      { status: "paid", paid: true },
    ]);
    const kinds = await setup.sql.query<{ kind: string }>("select kind from tallystick.notification order by id");
    expect(kinds.map(({ kind }) => kind)).toEqual(["payment.failed", "payment.failed", "payment.received"]);
    expect(receiver.received).toHaveLength(3);
  });
});
