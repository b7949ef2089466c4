// Subscriptions as recorded, in both payload shapes, without a key.
import { describe, expect, it } from "vitest";
import { recordedStripe } from "../../../../test/fixtures/stripe.ts";
import { factsOf } from "./facts.ts";
import { record, text, type Json } from "./read.ts";

async function factOf(type: string, object: Json) {
  const [fact, ...others] = await factsOf(type, object, { api: null, attempt: 1, mayAssume: true });
  expect(others).toEqual([]);
  return fact;
}

function factOfEvent(path: string) {
  const event = record(recordedStripe(path));
  return factOf(text(event.type) ?? "", record(record(event.data).object));
}

describe("a subscription", () => {
  it("of the shape before 2025 is read", async () => {
    expect(await factOfEvent("stripe-sync-engine/subscription_updated.json")).toEqual({
      kind: "subscription_changed",
      owner: { userId: null, customerId: "cus_IhGfebO16cMIGN" },
      subscription: {
        subscriptionId: "sub_JLEPMp81LApOJl",
        status: "active",
        priceId: "price_1IDQm5JDPojXS6LNM31hxKzp",
        quantity: 1,
        currentPeriodStart: new Date(1_618_980_344_000),
        currentPeriodEnd: new Date(1_621_572_344_000),
        cancelAtPeriodEnd: false,
        cancelAt: null,
        canceledAt: null,
        endedAt: null,
        trialEnd: null,
        asOf: null,
      },
    });
  });

  it("that ended is read", async () => {
    expect(await factOfEvent("stripe-sync-engine/subscription_deleted.json")).toMatchObject({
      subscription: {
        status: "canceled",
        canceledAt: new Date(1_623_149_102_000),
        endedAt: new Date(1_623_149_102_000),
      },
    });
  });

  it("whose period belongs to the item is read", async () => {
    const { object } = record(recordedStripe("pay-rails/subscription.updated.json"));
    expect(await factOf("customer.subscription.updated", record(object))).toMatchObject({
      subscription: {
        priceId: "FFBEGINNER_00000000000000",
        quantity: 2,
        currentPeriodStart: new Date(1_486_568_724_000),
        currentPeriodEnd: new Date(1_488_987_924_000),
        trialEnd: new Date(1_467_992_724_000),
      },
    });
  });

  it("of the item's period wins over its own, and a plan stands in for a price", async () => {
    const item = { plan: { id: "plan_1" }, current_period_end: 20 };
    const fact = await factOf("customer.subscription.created", {
      id: "sub_1",
      status: "active",
      current_period_end: 10,
      items: { data: [item] },
    });
    expect(fact).toMatchObject({
      subscription: { priceId: "plan_1", quantity: 1, currentPeriodStart: null, currentPeriodEnd: new Date(20_000) },
    });
  });

  it.each(["id", "status"])("is a visible failure without %s", async (name) => {
    const subscription = { id: "sub_1", status: "active", [name]: undefined };
    await expect(factOf("customer.subscription.updated", subscription)).rejects.toMatchObject({
      code: "invalid_request",
    });
  });
});
