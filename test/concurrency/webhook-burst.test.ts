// Webhooks that come at the same moment are stored together: none of them may suffer from another.
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { setUp, type Setup } from "../flows/setup.ts";
import { invoice } from "../flows/stripe-objects.ts";
import { eventBody, signedRequest } from "../support/engine.ts";

const customers = 150;
const renewals = 2;

/** A renewal of each customer after the other, so that neighbours are of different lanes. */
function bodies(): string[] {
  return Array.from({ length: customers * renewals }, (_, index) => {
    const customer = index % customers;
    return eventBody({
      id: `evt_${index}`,
      type: "invoice.paid",
      object: invoice({
        id: `in_${index}`,
        customer: `cus_${customer}`,
        subscription: `sub_${customer}`,
        userId: `user-${customer}`,
        lines: [{ id: `il_${index}`, priceId: "price_pro_monthly" }],
      }),
    });
  });
}

async function deliver({ tally }: Setup, burst: readonly string[]): Promise<number[]> {
  const requests = await Promise.all(burst.map(signedRequest));
  return Promise.all(requests.map(async (request) => (await tally.handlers.stripeWebhook(request)).status));
}

function shuffled(list: readonly string[]): string[] {
  return list
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

describe("a burst of webhooks", () => {
  it("delivered to three processes in different orders is stored once each, without a deadlock, and granted once", async () => {
    const first = await setUp();
    const others = [await setUp({ database: first.databaseUrl }), await setUp({ database: first.databaseUrl })];
    const burst = bodies();
    const answered = await Promise.all([first, ...others].map(async (setup) => deliver(setup, shuffled(burst))));
    expect(new Set(answered.flat())).toEqual(new Set([200]));
    const [stored] = await first.sql.query(
      `select count(*)::integer as events, count(distinct task_id)::integer as tasks,
         (select count(*)::integer from tallystick.task where name = 'payment-event') as "allTasks",
         (select deadlocks::integer from pg_stat_database where datname = current_database()) as deadlocks
       from tallystick.webhook_event`,
    );
    expect(stored).toEqual({ events: burst.length, tasks: burst.length, allTasks: burst.length, deadlocks: 0 });
    await Promise.all([first, ...others].map(async ({ tally }) => tally.drain()));
    const balances = await first.sql.query("select current_credits as credits from tallystick.user_credit");
    expect(balances).toEqual(Array.from({ length: customers }, () => ({ credits: renewals * 1000 })));
    expect(await first.tally.credits.audit()).toMatchObject({ ok: true });
  });

  it("with an event of a lane that somebody holds is answered all the same, and that event when the lane is free", async () => {
    const setup = await setUp();
    const [first = "", ...others] = bodies().slice(0, 40);
    const [held = ""] = bodies().slice(customers);
    await deliver(setup, [first]);
    let heldOne: Promise<number[]> | undefined;
    await setup.sql.transaction(async (tx) => {
      await tx.query("select from tallystick.task_lane where name = 'stripe:cus_0' for update");
      // The held lane's in the midst of them.
      const waiting = others.map(async (body) => deliver(setup, [body]));
      heldOne = deliver(setup, [held]);
      const behind = bodies()
        .slice(40, 80)
        .map(async (body) => deliver(setup, [body]));
      expect(new Set((await Promise.all([...waiting, ...behind])).flat())).toEqual(new Set([200]));
    });
    expect(await heldOne).toEqual([200]);
    const [row] = await setup.sql.query("select count(*)::integer as events from tallystick.webhook_event");
    expect(row).toEqual({ events: 81 });
  });

  it("with an event in it that can't be stored fails for that one alone", async () => {
    const setup = await setUp();
    const burst = bodies().slice(0, 40);
    // Longer than what an index takes, and nothing that can be compressed.
    const id = `evt_${randomBytes(6000).toString("base64url")}`;
    const spoilt = burst.with(
      20,
      eventBody({
        id,
        type: "invoice.paid",
        object: invoice({ userId: "nobody", lines: [{ priceId: "price_pro_monthly" }] }),
      }),
    );
    const statuses = await deliver(setup, spoilt);
    expect(statuses).toEqual(burst.map((_, place) => (place === 20 ? 503 : 200)));
    const [row] = await setup.sql.query("select count(*)::integer as events from tallystick.webhook_event");
    expect(row).toEqual({ events: 39 });
  });
});
