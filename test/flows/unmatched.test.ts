// What can't be matched fails where a person sees it, and is repaired by the mapping and a replay, once.
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { defineCatalog } from "../../src/index.ts";
import { slack } from "../../src/notification/slack.ts";
import { startReceiver, type Receiver } from "../receiver.ts";
import { sendEvent, uniqueId } from "../support/engine.ts";
import { journal, setUp, skipDelays, type Setup } from "./setup.ts";
import { invoice } from "./stripe-objects.ts";

let receiver: Receiver;
let setup: Setup;

beforeEach(async () => {
  receiver = await startReceiver({ body: "ok" });
  onTestFinished(async () => receiver[Symbol.asyncDispose]());
  setup = await setUp({ notifications: [slack({ url: `${receiver.origin}/hook`, allowPrivateHosts: true })] });
});

async function runAll(): Promise<void> {
  for (let round = 0; round < 6; round += 1) {
    await setup.tally.drain();
    await skipDelays(setup.sql);
  }
}

const told = (): string[] => receiver.received.map(({ body }) => body);

describe("a payment for an unknown price", () => {
  it("is a dead letter with its reason and an alert after three tries, and a replay after the catalog is mended grants once", async () => {
    const id = uniqueId("evt");
    const object = invoice({ userId: "ada", lines: [{ priceId: "price_new" }, { priceId: "price_pro_monthly" }] });
    await sendEvent(setup.tally, { type: "invoice.paid", object, id });
    await runAll();
    expect(await journal(setup.sql)).toEqual([]);
    expect((await setup.tally.events.list()).items).toMatchObject([{ eventId: id, status: "dead" }]);
    const [dead] = (await setup.tally.tasks.list({ status: "dead" })).items;
    expect(dead).toMatchObject({
      attempts: 3,
      lastError: "Price price_new is not in the catalog; add it there, or to pricesWithoutCredits, and replay.",
    });
    expect(told()).toHaveLength(1);
    expect(told()[0]).toContain("price_new");

    const mended = await setUp({
      database: setup.databaseUrl,
      catalog: defineCatalog({
        plans: [{ id: "pro", name: "Pro", credits: 1000, prices: [{ id: "price_pro_monthly", interval: "month" }] }],
        packs: [{ id: "new", name: "New", credits: 70, priceId: "price_new" }],
      }),
    });
    await mended.tally.events.replay(id, { actor: "ada", reason: "price added" });
    await mended.tally.drain();
    await mended.tally.events.replay(id);
    await mended.tally.drain();
    expect((await journal(setup.sql)).map(({ amount }) => amount)).toEqual([70, 1000]);
    expect((await mended.tally.events.list()).items).toMatchObject([{ status: "processed" }]);
  });
});

describe("a payment of an unknown customer", () => {
  it("is a dead letter with an alert, and granted once by itself when the customer is linked", async () => {
    await sendEvent(setup.tally, {
      type: "invoice.paid",
      object: invoice({ customer: "cus_late", lines: [{ priceId: "price_pro_monthly" }] }),
    });
    await runAll();
    const [dead] = (await setup.tally.tasks.list({ status: "dead" })).items;
    expect(dead).toMatchObject({
      attempts: 3,
      lastError: "Customer cus_late of stripe belongs to no known user; payment.linkCustomer maps it and replays this.",
    });
    expect(told()).toHaveLength(1);
    await setup.tally.payment.linkCustomer({ customerId: "cus_late", userId: "ada" });
    await setup.tally.payment.linkCustomer({ customerId: "cus_late", userId: "ada" });
    await runAll();
    expect(await journal(setup.sql)).toEqual([{ user_id: "ada", type: "subscription_renewal", amount: 1000 }]);
    expect((await setup.tally.events.list()).items).toMatchObject([{ status: "processed" }]);
  });

  it("that names neither user nor customer says what is missing", async () => {
    const object = { ...invoice({ lines: [{ priceId: "price_pro_monthly" }] }), customer: null };
    await sendEvent(setup.tally, { type: "invoice.paid", object });
    await setup.tally.drain();
    const [task] = (await setup.tally.tasks.list()).items;
    expect(task).toMatchObject({ status: "pending", lane: null });
    expect(task?.lastError).toContain("neither a user (metadata.userId) nor a customer");
  });

  it("links while its events are being handled without a deadlock, and nothing is left waiting", async () => {
    for (let index = 0; index < 10; index += 1) {
      await sendEvent(setup.tally, {
        type: "invoice.paid",
        object: invoice({
          customer: `cus_${index % 2}`,
          lines: [{ priceId: "price_credits_basic" }],
          subscription: null,
        }),
      });
    }
    const other = await setUp({ database: setup.databaseUrl });
    await Promise.all([
      other.tally.drain(),
      other.tally.payment.linkCustomer({ customerId: "cus_0", userId: "ada" }),
      other.tally.payment.linkCustomer({ customerId: "cus_1", userId: "bob" }),
    ]);
    await runAll();
    expect((await journal(setup.sql)).map(({ amount }) => amount)).toEqual(Array.from({ length: 10 }, () => 100));
    expect(await setup.sql.query("select error from tallystick.task_attempt where error like '%deadlock%'")).toEqual(
      [],
    );
  });
});

describe("a handler that throws", () => {
  it("costs no event: 200 to the sender, retries visible, a dead letter, an alert, and one grant after the mend", async () => {
    await setup.sql.query("alter table tallystick.credit_lot add constraint broken check (amount < 1000) not valid");
    const limited = await setUp({
      database: setup.databaseUrl,
      retry: { maxAttempts: 4 },
      notifications: [slack({ url: `${receiver.origin}/hook`, allowPrivateHosts: true })],
    });
    const id = uniqueId("evt");
    const event = {
      type: "invoice.paid",
      id,
      object: invoice({ userId: "ada", lines: [{ priceId: "price_pro_monthly" }] }),
    };
    const response = await sendEvent(limited.tally, event);
    expect([response.status, await response.json()]).toEqual([200, { received: true }]);
    await limited.tally.drain();
    const [waiting] = (await limited.tally.tasks.list({ status: "pending" })).items;
    expect(waiting).toMatchObject({
      attempts: 1,
      maxAttempts: 4,
      lastError: expect.stringContaining("broken") as string,
    });
    for (let round = 0; round < 5; round += 1) {
      await skipDelays(setup.sql);
      await limited.tally.drain();
    }
    const { history, status } = await limited.tally.tasks.get(waiting?.id ?? "");
    expect(status).toBe("dead");
    expect(history.map(({ outcome }) => outcome)).toEqual(["retry", "retry", "retry", "dead"]);
    expect(told()).toHaveLength(1);
    expect(told()[0]).toContain("payment-event");
    expect(await journal(setup.sql)).toEqual([]);
    expect(await setup.sql.query("select 1 from tallystick.payment")).toEqual([]);

    await setup.sql.query("alter table tallystick.credit_lot drop constraint broken");
    await limited.tally.events.replay(id);
    await limited.tally.drain();
    // Stripe may also still send it again.
    expect((await sendEvent(limited.tally, event)).status).toBe(200);
    await limited.tally.events.replay(id);
    await runAll();
    expect(await journal(setup.sql)).toEqual([{ user_id: "ada", type: "subscription_renewal", amount: 1000 }]);
    expect((await limited.tally.credits.audit()).ok).toBe(true);
  });
});
