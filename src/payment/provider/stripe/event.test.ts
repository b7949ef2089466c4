// What is read from a verified body before it is stored.
import { describe, expect, it } from "vitest";
import { recordedStripe } from "../../../../test/fixtures/stripe.ts";
import { readEvent } from "./event.ts";
import { factsOf } from "./facts.ts";
import { record } from "./read.ts";

function read(payload: unknown, secretKey: string | null = null) {
  return readEvent(new TextEncoder().encode(JSON.stringify(payload)), secretKey);
}

function event(type: string, object: unknown, rest: object = {}) {
  return { id: "evt_1", object: "event", type, livemode: false, data: { object }, ...rest };
}

describe("an event is handled", () => {
  it.each([
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
  ])("when it is %s", (type) => {
    expect(read(event(type, {})).handled).toBe(true);
  });

  it.each([
    "invoice.payment_succeeded",
    "invoice.created",
    "invoice.upcoming",
    "customer.updated",
    "customer.deleted",
    "charge.succeeded",
    "toString",
  ])("but not when it is %s", (type) => {
    expect(read(event(type, {})).handled).toBe(false);
  });
});

describe("an event of the other mode", () => {
  it.each([
    ["sk_live_x", false, false],
    ["rk_live_x", false, false],
    ["sk_test_x", true, false],
    ["rk_test_x", true, false],
    ["sk_live_x", true, true],
    ["sk_test_x", false, true],
    [null, true, true],
    ["another_key", true, true],
    ["sk_test_x", undefined, true],
  ])("with key %s and livemode %s: handled is %s", (secretKey, livemode, handled) => {
    expect(read(event("invoice.paid", {}, { livemode }), secretKey).handled).toBe(handled);
  });
});

describe("the customer of an event", () => {
  it.each([
    ["is named by id", { customer: "cus_1" }, "cus_1"],
    ["is expanded", { customer: { id: "cus_1", object: "customer" } }, "cus_1"],
    ["is the object itself", { id: "cus_1", object: "customer" }, "cus_1"],
    ["is not there", { id: "cs_1", customer: null }, null],
    ["is not the subscription without one", { id: "sub_1", object: "subscription" }, null],
    ["is malformed", { customer: [1] }, null],
    ["has no object to be read from", null, null],
  ])("%s", (_, object, customerId) => {
    expect(read(event("customer.updated", object)).subject).toBe(customerId);
  });

  it("is read from an upcoming invoice, which has no id", () => {
    const { object } = record(recordedStripe("pay-rails/invoice.upcoming.json"));
    expect(read(event("invoice.upcoming", object)).subject).toBe("cus_L7lJPQIi3GxrTG");
  });

  it("is read from a recorded customer event", () => {
    expect(read(recordedStripe("stripe-ruby-mock/customer.updated.json"))).toMatchObject({
      type: "customer.updated",
      apiVersion: "2020-08-27",
      livemode: false,
      subject: "cus_00000000000000",
      handled: false,
    });
  });
});

it("the payload is stored as it came", () => {
  const payload = recordedStripe("stripe-sync-engine/invoice_paid.json");
  expect(read(payload).payload).toEqual(payload);
});

it("an event without an effect has no facts", async () => {
  expect(
    await factsOf("invoice.payment_succeeded", { id: "in_1" }, { api: null, attempt: 1, mayAssume: true }),
  ).toEqual([]);
});
