// What becomes of the months that a subscription paid for while its payments stop, go on and end.
import { describe, expect, it } from "vitest";
import { defineCatalog } from "../../src/index.ts";
import { sendEvent, uniqueId } from "../support/engine.ts";
import { journal, setUp, type Setup } from "./setup.ts";
import { invoice, subscription } from "./stripe-objects.ts";

const catalog = defineCatalog({
  plans: [
    { id: "pro", name: "Pro", credits: 1000, validDays: 30, prices: [{ id: "price_pro_yearly", interval: "year" }] },
    {
      id: "roll",
      name: "Roll",
      credits: 100,
      rollover: { max: 40 },
      prices: [{ id: "price_roll", interval: "month" }],
    },
  ],
});

async function tell(tally: Setup["tally"], type: string, object: Record<string, unknown>): Promise<void> {
  await sendEvent(tally, { type, object });
  await tally.drain();
}

describe("a yearly subscription", () => {
  it("past due grants no month, active again grants each that was paid for, and cancelled no more", async () => {
    let now = new Date("2026-01-31T10:00:00Z");
    const { tally, sql } = await setUp({ catalog, clock: () => now });
    const known = { id: uniqueId("sub"), customer: uniqueId("cus"), userId: "ada", priceId: "price_pro_yearly" };
    const state = async (status: string): Promise<void> =>
      tell(tally, "customer.subscription.updated", subscription({ ...known, status }));
    await state("active");
    await tell(
      tally,
      "invoice.paid",
      invoice({
        customer: known.customer,
        userId: "ada",
        subscription: known.id,
        lines: [{ priceId: "price_pro_yearly" }],
      }),
    );
    expect(await journal(sql)).toHaveLength(1);
    await state("past_due");
    now = new Date("2026-04-15T10:00:00Z");
    expect(await tally.credits.distribute()).toMatchObject({ count: 0 });
    expect(await tally.credits.enrolments({ userId: "ada" })).toMatchObject([{ status: "paused" }]);
    await state("active");
    expect(await journal(sql)).toHaveLength(3);
    await state("canceled");
    now = new Date("2026-12-15T10:00:00Z");
    await tally.credits.distribute();
    expect(await journal(sql)).toHaveLength(3);
  });
});

describe("a monthly subscription whose plan rolls over", () => {
  it("carries what a month left into the month that the next invoice pays", async () => {
    let now = new Date("2026-01-31T10:00:00Z");
    const { tally, sql } = await setUp({ catalog, clock: () => now });
    const known = { customer: uniqueId("cus"), userId: "ada", subscription: uniqueId("sub") };
    await tell(tally, "invoice.paid", invoice({ ...known, lines: [{ priceId: "price_roll" }] }));
    await tally.credits.consume({ userId: "ada", amount: 70 });
    now = new Date("2026-02-28T11:00:00Z");
    expect(await tally.credits.distribute()).toMatchObject({ count: 0 });
    await tell(tally, "invoice.paid", invoice({ ...known, lines: [{ priceId: "price_roll" }] }));
    expect((await journal(sql)).map(({ type, amount }) => `${type} ${amount}`)).toEqual([
      "subscription_renewal 100",
      "usage -70",
      "expire -30",
      "rollover 30",
      "subscription_renewal 100",
    ]);
    expect((await tally.credits.audit()).violations).toEqual([]);
  });
});
