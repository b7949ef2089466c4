// The conformance suite: what every payment provider must make of its events, against the real engine and webhook handler.
import { beforeEach, describe, expect, it } from "vitest";
import { defineCatalog, type PaymentProvider } from "../../src/index.ts";
import { everyOrderOf, newBuyer, permutations, runAll, type Buyer, type Outcome } from "../flows/every-order.ts";
import { journal, setUp, type Setup } from "../flows/setup.ts";
import type { Adapter, Told } from "./adapter.ts";

const catalog = defineCatalog({
  plans: [
    {
      id: "pro",
      name: "Pro",
      credits: 1000,
      trialCredits: 30,
      validDays: 30,
      prices: [{ id: "price_pro_monthly", interval: "month" }],
    },
  ],
  packs: [{ id: "max", name: "1,200 credits", credits: 1200, priceId: "price_credits_max" }],
});

/** Runs the suite. The adapter is made once for each file, before its tests. */
export function conforms(title: string, adapter: Adapter): void {
  const setUpWith = async (provider: PaymentProvider = adapter.provider()): Promise<Setup> =>
    setUp({ catalog, payment: provider });

  describe(`${title}: every order of`, { timeout: 240_000 }, () => {
    const ends = async (flow: (buyer: Buyer) => readonly Told[]): Promise<Outcome> => {
      const setup = await setUpWith();
      const length = flow(newBuyer()).length;
      return everyOrderOf(setup, {
        flow,
        orders: permutations(Array.from({ length }, (_, index) => index)),
        send: async ({ body }) => adapter.send(setup.tally, body),
      });
    };
    const paidPack = [{ type: "one_time", status: "paid", amount: 999 }];
    const paidMonth = { type: "subscription", status: "paid", amount: 2000 };
    const holding = (credits: number): Outcome["balance"] => ({ book: credits, available: credits, debt: 0 });

    it("a purchase, a duplicate of it and the same fact under two other ids grants once", async () => {
      const flow = (buyer: Buyer): readonly Told[] => {
        const told = adapter.purchase(buyer);
        return [told, told, adapter.retold(told), adapter.retold(told)];
      };
      expect(await ends(flow)).toEqual({
        balance: holding(1200),
        payments: paidPack,
        returns: [],
        subscriptions: [],
        enrolments: [],
      });
    });

    it("a subscription's first events grants one month and knows the plan", async () => {
      expect(await ends(adapter.started)).toEqual({
        balance: holding(1000),
        payments: [paidMonth],
        returns: [],
        subscriptions: [{ status: "active", plan: "pro" }],
        enrolments: [],
      });
    });

    it("a renewal grants a second month", async () => {
      expect(await ends(adapter.renewal)).toMatchObject({
        balance: holding(2000),
        payments: [paidMonth, paidMonth],
        subscriptions: [{ status: "active" }],
      });
    });

    it("a payment that fails and is made after all ends paid and active", async () => {
      expect(await ends(adapter.failedThenPaid)).toMatchObject({
        balance: holding(1000),
        payments: [paidMonth],
        subscriptions: [{ status: "active" }],
      });
    });

    it("a cancellation at the period's end ends cancelled, with the month's credits kept", async () => {
      expect(await ends(adapter.cancelledAtPeriodEnd)).toMatchObject({
        balance: holding(1000),
        subscriptions: [{ status: "canceled", plan: "pro" }],
      });
    });

    it("a partial refund and that of the rest takes everything back", async () => {
      const { balance, returns } = await ends(adapter.refunds);
      expect(balance).toEqual(holding(0));
      expect(returns.map(({ amount, stands }) => [amount, stands])).toEqual([
        [333, true],
        [666, true],
      ]);
    });

    it("a refund that does not come about takes nothing", async () => {
      const { balance, returns } = await ends(adapter.rejectedRefund);
      expect(balance).toEqual(holding(1200));
      expect(returns).toMatchObject([{ amount: 333, stands: false }]);
    });

    it("a warning and its chargeback takes everything, once", async () => {
      expect((await ends(adapter.chargeback)).balance).toEqual(holding(0));
    });

    it("a chargeback that is won gives everything again", async () => {
      expect(await ends(adapter.chargebackReversed)).toMatchObject({ balance: holding(1200), payments: paidPack });
    });

    it("a trial grants the plan's trial credits alone", async () => {
      expect(await ends(adapter.trial)).toMatchObject({
        balance: holding(30),
        subscriptions: [{ status: "trialing", plan: "pro" }],
      });
    });
  });

  describe(`${title}: an event`, () => {
    let setup: Setup;
    let buyer: Buyer;
    beforeEach(async () => {
      setup = await setUpWith();
      buyer = newBuyer();
    });
    const amounts = async (): Promise<number[]> => (await journal(setup.sql)).map(({ amount }) => amount);
    const counts = async (): Promise<unknown> =>
      setup.sql.query(
        `select (select count(*) from tallystick.webhook_event) as events, (select count(*) from tallystick.task) as tasks`,
      );

    it("that is sent five times at once is stored once and grants once", async () => {
      const { body } = adapter.purchase(buyer);
      const responses = await Promise.all(Array.from({ length: 5 }, async () => adapter.send(setup.tally, body)));
      expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      expect(await counts()).toEqual([{ events: 1, tasks: 1 }]);
      await runAll(setup);
      expect(await amounts()).toEqual([1200]);
      expect((await setup.tally.events.list()).items).toMatchObject([{ provider: adapter.name, status: "processed" }]);
    });

    it("with another secret's signature, or changed after it was signed, is 400 and leaves nothing", async () => {
      const { body } = adapter.purchase(buyer);
      const foreign = await adapter.send(setup.tally, body, { secret: "another_secret" });
      expect([foreign.status, await foreign.json()]).toEqual([400, { error: "Invalid signature" }]);
      const unsigned = await setup.tally.handlers.webhook(
        new Request(`http://localhost/api/webhooks/${adapter.name}`, { method: "POST", body }),
      );
      expect(unsigned.status).toBe(400);
      expect(await counts()).toEqual([{ events: 0, tasks: 0 }]);
    });

    it.each(["", "no JSON", "[]", "null", "{}", '"text"', '{"id":1,"event_id":1,"type":2}'])(
      "whose signed body is %j is 400 and leaves nothing",
      async (body) => {
        const response = await adapter.send(setup.tally, body);
        expect([response.status, await response.json()]).toEqual([400, { error: "Invalid event" }]);
        expect(await counts()).toEqual([{ events: 0, tasks: 0 }]);
      },
    );

    it("of a customer without a user is a dead letter, and granted by itself once the customer is linked", async () => {
      const { told, customerId } = adapter.ownerless(buyer);
      await adapter.send(setup.tally, told.body);
      await runAll(setup);
      expect(await amounts()).toEqual([]);
      const [dead] = (await setup.tally.tasks.list({ status: "dead" })).items;
      expect(dead?.lastError).toContain(`Customer ${customerId} of ${adapter.name}`);
      await setup.tally.payment.linkCustomer({ customerId, userId: "ada", provider: adapter.name });
      await runAll(setup);
      expect(await journal(setup.sql)).toEqual([{ user_id: "ada", type: "subscription_renewal", amount: 1000 }]);
    });

    it("of an unknown price is a dead letter, and a replay after the catalog is mended grants once", async () => {
      await adapter.send(setup.tally, adapter.ofPrice(buyer, "price_new").body);
      await runAll(setup);
      const [dead] = (await setup.tally.events.list({ status: "dead" })).items;
      expect((await setup.tally.tasks.get(dead?.taskId ?? "")).lastError).toContain("price_new");
      const packs = [{ id: "new", name: "New", credits: 70, priceId: "price_new" }];
      const mended = await setUp({
        database: setup.databaseUrl,
        catalog: defineCatalog({ packs }),
        payment: adapter.provider(),
      });
      for (let time = 0; time < 2; time += 1) {
        await mended.tally.events.replay(dead?.id ?? "");
        await mended.tally.drain();
      }
      expect(await amounts()).toEqual([70]);
    });

    it("that is not of the configured mode is recorded, answered and ignored", async () => {
      const { provider, told } = adapter.otherMode(buyer);
      const live = await setUpWith(provider);
      expect((await adapter.send(live.tally, told.body)).status).toBe(200);
      expect(await live.tally.drain()).toMatchObject({ done: 0, failed: 0 });
      expect((await live.tally.events.list()).items).toMatchObject([{ status: "ignored", taskId: null }]);
      expect(await journal(live.sql)).toEqual([]);
    });

    it("of a user who is erased keeps nothing personal, and told again changes nothing", async () => {
      const person = { name: "Ada Lovelace", email: "ada@example.com" };
      const told = adapter.purchase(buyer, { person });
      await adapter.send(setup.tally, told.body);
      await runAll(setup);
      const { alias, events } = await setup.tally.users.erase({ userId: buyer.userId });
      expect(events).toBe(1);
      const [stored] = await setup.sql.query<{ payload: string }>("select payload::text from tallystick.webhook_event");
      expect(stored?.payload).not.toMatch(/Ada|Lovelace|example\.com|4242/);
      expect(stored?.payload).not.toContain(buyer.userId);
      const [{ id } = { id: "" }] = (await setup.tally.events.list()).items;
      await setup.tally.events.replay(id);
      await adapter.send(setup.tally, told.body);
      await adapter.send(setup.tally, adapter.retold(told).body);
      await runAll(setup);
      expect(await journal(setup.sql)).toEqual([{ user_id: alias, type: "purchase_package", amount: 1200 }]);
    });
  });
}
