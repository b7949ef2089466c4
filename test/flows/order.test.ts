// The order in which events arrive never changes the outcome.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { sendEvent, uniqueId, WEBHOOK_SECRET } from "../support/engine.ts";
import { journal, setUp, type Entry, type Setup } from "./setup.ts";
import { invoice, subscription, subscriptionSession } from "./stripe-objects.ts";

interface Sent {
  readonly type: string;
  readonly object: Record<string, unknown>;
}

/** A server that answers a subscription as it is now, whatever the events say. */
async function stripeWith(object: Record<string, unknown>): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(object));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

/** Sends events one by one, drains after each, and past every delay; answers what is left at the end. */
async function outcome({ tally, sql }: Setup, events: readonly Sent[]) {
  for (const event of events) {
    expect((await sendEvent(tally, event)).status).toBe(200);
    await tally.drain();
  }
  expect((await tally.credits.audit()).violations).toEqual([]);
  expect((await tally.tasks.list({ status: "pending" })).items).toEqual([]);
  expect((await tally.tasks.list({ status: "dead" })).items).toEqual([]);
  return {
    journal: await journal(sql),
    subscriptions: await sql.query("select status, plan_id, user_id from tallystick.subscription"),
    payments: await sql.query("select type, status, amount, user_id from tallystick.payment where paid"),
    running: await sql.query(
      "select plan_id from tallystick.credit_enrolment where ended_at is null and next_due_at is not null",
    ),
  };
}

describe("a subscription's first events", () => {
  const userId = "user-1";
  const ids = (): { customer: string; id: string } => ({ customer: uniqueId("cus"), id: uniqueId("sub") });
  const flow = ({ customer, id }: { customer: string; id: string }): Sent[] => [
    { type: "checkout.session.completed", object: subscriptionSession({ customer, userId, subscription: id }) },
    { type: "customer.subscription.created", object: subscription({ id, customer, status: "incomplete" }) },
    {
      type: "invoice.paid",
      object: invoice({ customer, subscription: id, lines: [{ priceId: "price_pro_monthly" }] }),
    },
    { type: "customer.subscription.updated", object: subscription({ id, customer, status: "active" }) },
  ];

  it.each(permutations([0, 1, 2, 3]))("give the same ledger and state in the order %i %i %i %i", async (...order) => {
    const known = ids();
    const apiBase = await stripeWith(subscription({ ...known, status: "active" }));
    const setup = await setUp({
      payment: stripe({ webhookSecrets: [WEBHOOK_SECRET], secretKey: "sk_test_1", apiBase }),
    });
    const events = flow(known);
    expect(
      await outcome(
        setup,
        order.flatMap((index) => events[index] ?? []),
      ),
    ).toEqual({
      journal: [{ user_id: userId, type: "subscription_renewal", amount: 1000 }],
      subscriptions: [{ status: "active", plan_id: "pro", user_id: userId }],
      payments: [{ type: "subscription", status: "paid", amount: 2000, user_id: userId }],
      running: [],
    });
  });

  it("give the same ledger when all are stored first and several workers handle them at once", async () => {
    const setup = await setUp();
    const others = [await setUp({ database: setup.databaseUrl }), await setUp({ database: setup.databaseUrl })];
    const users: Entry[] = [];
    for (let index = 0; index < 6; index += 1) {
      const events = flow(ids()).toReversed();
      for (const { type, object } of events) {
        await sendEvent(setup.tally, {
          type,
          object: { ...object, ...(type.startsWith("checkout") && { metadata: { userId: `user-${index}` } }) },
        });
      }
      users.push({ user_id: `user-${index}`, type: "subscription_renewal", amount: 1000 });
    }
    await Promise.all([setup, ...others].map(async ({ tally }) => tally.drain()));
    await setup.tally.drain();
    expect(await journal(setup.sql)).toEqual(users);
  });
});

describe("a payment that comes before its checkout", () => {
  it("waits for the customer's user, and is granted once the session names it", async () => {
    const setup = await setUp();
    const customer = uniqueId("cus");
    await sendEvent(setup.tally, {
      type: "invoice.paid",
      object: invoice({ customer, lines: [{ priceId: "price_pro_monthly" }] }),
    });
    expect(await setup.tally.drain()).toMatchObject({ failed: 1 });
    expect(await journal(setup.sql)).toEqual([]);
    const session = subscriptionSession({ customer, userId: "ada", subscription: uniqueId("sub") });
    expect(await outcome(setup, [{ type: "checkout.session.completed", object: session }])).toMatchObject({
      journal: [{ user_id: "ada", type: "subscription_renewal", amount: 1000 }],
    });
  });
});

describe("the end of a subscription", () => {
  const userId = "user-1";

  it("stays the end when an older state arrives after it", async () => {
    const setup = await setUp();
    const known = { id: uniqueId("sub"), customer: uniqueId("cus"), userId };
    const result = await outcome(setup, [
      { type: "customer.subscription.deleted", object: subscription({ ...known, status: "canceled" }) },
      { type: "customer.subscription.updated", object: subscription({ ...known, status: "active" }) },
      { type: "customer.subscription.created", object: subscription({ ...known, status: "incomplete" }) },
    ]);
    expect(result.subscriptions).toEqual([{ status: "canceled", plan_id: "pro", user_id: userId }]);
  });

  it("before or after its yearly invoice leaves the same ledger: one month granted, none to follow", async () => {
    const results = [];
    for (const reversed of [false, true]) {
      const setup = await setUp();
      const known = { id: uniqueId("sub"), customer: uniqueId("cus"), userId };
      const events: Sent[] = [
        {
          type: "invoice.paid",
          object: invoice({
            customer: known.customer,
            userId,
            subscription: known.id,
            lines: [{ priceId: "price_pro_yearly" }],
          }),
        },
        {
          type: "customer.subscription.deleted",
          object: subscription({ ...known, priceId: "price_pro_yearly", status: "canceled" }),
        },
      ];
      results.push(await outcome(setup, reversed ? events.toReversed() : events));
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]).toMatchObject({ journal: [{ amount: 1000 }], running: [] });
  });

  it("leaves another subscription's months running", async () => {
    const setup = await setUp();
    const customer = uniqueId("cus");
    const [ending, staying] = [uniqueId("sub"), uniqueId("sub")];
    const yearly = (id: string): Sent => ({
      type: "invoice.paid",
      object: invoice({ customer, userId, subscription: id, lines: [{ priceId: "price_pro_yearly" }] }),
    });
    const end = {
      type: "customer.subscription.deleted",
      object: subscription({ id: ending, customer, userId, status: "canceled" }),
    };
    expect(await outcome(setup, [yearly(ending), yearly(staying), end])).toMatchObject({
      running: [{ plan_id: "pro" }],
    });
  });
});
