// What a year still has to give when the subscription becomes another: of months, of fewer, of a smaller plan.
import { expect, it } from "vitest";
import { defineCatalog } from "../../src/index.ts";
import type { Catalog } from "../../src/payment/catalog.ts";
import { sendEvent, uniqueId } from "../support/engine.ts";
import { setUp } from "./setup.ts";
import { flowCatalog } from "./stripe-flows.ts";
import { invoice, subscription, type LineInput, type SubscriptionInput } from "./stripe-objects.ts";

const began = Date.UTC(2026, 0, 10);
const seconds = (month: number): number => Date.UTC(2026, month, 10) / 1000;
const month = (index: number) => ({ period: { start: seconds(index), end: seconds(index + 1) } });
const year = (index: number) => ({ period: { start: seconds(index), end: seconds(index + 12) } });

async function setUpSubscriber(catalog: Catalog = flowCatalog) {
  const now = new Date(began);
  const { tally } = await setUp({ catalog, clock: () => now });
  const known = { id: uniqueId("sub"), customer: uniqueId("cus"), userId: "ada", status: "active" };
  const tell = async (type: string, object: Record<string, unknown>): Promise<void> => {
    await sendEvent(tally, { type, object });
    await tally.drain();
  };
  return {
    state: async (input: Partial<SubscriptionInput>) =>
      tell("customer.subscription.updated", subscription({ ...known, ...input })),
    paid: async (...lines: readonly LineInput[]) =>
      tell("invoice.paid", invoice({ customer: known.customer, userId: "ada", subscription: known.id, lines })),
    /** Lets months begin, each with its ticks. */
    async inMonth(index: number) {
      while (now.getTime() < seconds(index) * 1000) {
        now.setUTCMonth(now.getUTCMonth() + 1);
        await tally.credits.distribute();
      }
    },
    balance: async () => (await tally.credits.balance({ userId: "ada" })).balance,
    running: async () =>
      (await tally.credits.enrolments({ userId: "ada" }))
        .filter(({ status }) => status === "active")
        .map(({ planId, quantity }) => [planId, quantity]),
  };
}

it.each(["invoice first", "state first"])(
  "a year that gives way to months gives no more beside them: %s",
  async (order) => {
    const { state, paid, inMonth, balance, running } = await setUpSubscriber();
    await state({ priceId: "price_basic_year", periodStart: seconds(0) });
    await paid({ priceId: "price_basic_year", ...year(0) });
    await inMonth(2);
    expect(await balance()).toBe(3000);
    const steps = [
      async () => paid({ priceId: "price_basic_month", ...month(2) }),
      async () => state({ priceId: "price_basic_month", periodStart: seconds(2) }),
    ];
    for (const step of order === "invoice first" ? steps : steps.toReversed()) await step();
    expect(await running()).toEqual([]);
    await inMonth(5);
    expect(await balance()).toBe(4000);
  },
);

it("months that give way to a year are followed by its months", async () => {
  const { state, paid, inMonth, balance, running } = await setUpSubscriber();
  await state({ priceId: "price_basic_month", periodStart: seconds(0) });
  await paid({ priceId: "price_basic_month", ...month(0) });
  await inMonth(1);
  // Told before the state, which names the price of a month until then.
  await paid({ priceId: "price_team_year", ...year(1) });
  await state({ priceId: "price_team_year", periodStart: seconds(1) });
  expect(await running()).toEqual([["team", 1]]);
  await inMonth(3);
  expect(await balance()).toBe(1000 + 3 * 5000);
});

it("a year renewed as a smaller plan gives the smaller one, also when it is paid before the state is told", async () => {
  const { state, paid, inMonth, balance, running } = await setUpSubscriber();
  await state({ priceId: "price_team_year", periodStart: seconds(0) });
  await paid({ priceId: "price_team_year", ...year(0) });
  await inMonth(12);
  expect(await balance()).toBe(60_000);
  await paid({ priceId: "price_basic_year", ...year(12) });
  expect(await balance()).toBe(61_000);
  await state({ priceId: "price_basic_year", periodStart: seconds(12) });
  expect(await balance()).toBe(61_000);
  expect(await running()).toEqual([["basic", 1]]);
});

it("a year follows the subscription's quantity: more at once, fewer with the next month", async () => {
  const { state, paid, inMonth, balance, running } = await setUpSubscriber();
  await state({ priceId: "price_basic_year", quantity: 2, periodStart: seconds(0) });
  await paid({ priceId: "price_basic_year", quantity: 2, ...year(0) });
  await state({ priceId: "price_basic_year", quantity: 3, periodStart: seconds(0) });
  expect(await balance()).toBe(3000);
  await state({ priceId: "price_team_year", quantity: 1, periodStart: seconds(0) });
  expect([await balance(), await running()]).toEqual([5000, [["team", 1]]]);
  await state({ priceId: "price_basic_year", quantity: 1, periodStart: seconds(0) });
  await inMonth(1);
  expect([await balance(), await running()]).toEqual([6000, [["basic", 1]]]);
});

it("a plan that rolls over and is left in the middle of a month gives the difference once, whatever its prorations say", async () => {
  const plan = (id: string, credits: number) => ({
    id,
    name: id,
    credits,
    proration: "credits" as const,
    rollover: { max: 100 },
    prices: [{ id: `price_${id}`, interval: "month" as const }],
  });
  const { state, paid, balance } = await setUpSubscriber(
    defineCatalog({ plans: [plan("small", 100), plan("large", 300)] }),
  );
  await state({ priceId: "price_small", periodStart: seconds(0) });
  await paid({ priceId: "price_small", ...month(0) });
  await state({ priceId: "price_large", periodStart: seconds(0) });
  await paid(
    { priceId: "price_small", amount: -500, proration: true, ...month(0) },
    { priceId: "price_large", amount: 1500, proration: true, ...month(0) },
  );
  expect(await balance()).toBe(300);
});

it("a year that is begun anew takes the place of the one before, whatever is told again", async () => {
  const { state, paid, inMonth, balance, running } = await setUpSubscriber();
  const first = { id: "il_first", priceId: "price_basic_year", ...year(0) };
  await state({ priceId: "price_basic_year", periodStart: seconds(0) });
  await paid(first);
  await inMonth(3);
  const second = { id: "il_second", priceId: "price_team_year", ...year(3) };
  await paid(second);
  await state({ priceId: "price_team_year", periodStart: seconds(3) });
  expect(await running()).toEqual([["team", 1]]);
  await inMonth(5);
  expect(await balance()).toBe(4 * 1000 + 3 * 5000);
  // A renewal begins with the end of the year before, though it is told a day too early.
  await inMonth(14);
  await paid({ id: "il_third", priceId: "price_team_year", ...year(15) });
  await inMonth(16);
  expect(await balance()).toBe(4 * 1000 + 14 * 5000);
});
