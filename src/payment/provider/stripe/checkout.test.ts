// Checkout sessions, recorded and made, without a key: which of them pays for something.
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

describe("a checkout session", () => {
  const session = {
    id: "cs_1",
    mode: "payment",
    payment_status: "paid",
    payment_intent: "pi_1",
    amount_total: 999,
    currency: "eur",
    customer: "cus_1",
    metadata: { userId: "u1", priceId: "price_1" },
  };
  const owner = { userId: "u1", customerId: "cus_1" };

  it("that is paid pays for the price of its metadata", async () => {
    expect(await factOf("checkout.session.completed", session)).toEqual({
      kind: "checkout_paid",
      owner,
      sessionId: "cs_1",
      references: ["pi_1"],
      paid: { amount: 999, currency: "eur" },
      lines: [{ priceId: "price_1", quantity: 1 }],
      assumed: false,
    });
  });

  it("pays for nothing known without a price and without a key", async () => {
    const fact = await factOfEvent("stripe-ruby-mock/checkout.session.completed.json");
    expect(fact).toMatchObject({ kind: "checkout_paid", paid: { amount: 3000, currency: "usd" }, lines: [] });
  });

  it.each<[string, string, object, string]>([
    ["is settled late", "checkout.session.async_payment_succeeded", {}, "checkout_paid"],
    ["costs nothing", "checkout.session.completed", { payment_status: "no_payment_required" }, "checkout_paid"],
    ["is not paid yet", "checkout.session.completed", { payment_status: "unpaid" }, "checkout_recorded"],
    ["has an invoice", "checkout.session.completed", { invoice: "in_1" }, "checkout_recorded"],
    [
      "will have an invoice",
      "checkout.session.completed",
      { invoice_creation: { enabled: true } },
      "checkout_recorded",
    ],
    ["makes no invoice", "checkout.session.completed", { invoice_creation: { enabled: false } }, "checkout_paid"],
    ["starts a subscription", "checkout.session.completed", { mode: "subscription" }, "checkout_recorded"],
    ["sets a card up", "checkout.session.completed", { mode: "setup" }, "checkout_recorded"],
    ["has no mode", "checkout.session.completed", { mode: undefined }, "checkout_recorded"],
    ["failed late", "checkout.session.async_payment_failed", { payment_status: "unpaid" }, "checkout_failed"],
  ])("that %s", async (_, type, fields, kind) => {
    expect(await factOf(type, { ...session, ...fields })).toMatchObject({ kind, owner, sessionId: "cs_1" });
  });

  it("that is not paid yet is recorded as unpaid", async () => {
    expect(await factOf("checkout.session.completed", { ...session, payment_status: "unpaid" })).toEqual({
      kind: "checkout_recorded",
      owner,
      sessionId: "cs_1",
      invoiceId: null,
      references: ["pi_1"],
      paymentStatus: "unpaid",
      paid: { amount: 999, currency: "eur" },
    });
  });

  it("with an invoice, as recorded, leaves the grant to the invoice", async () => {
    expect(await factOfEvent("stripe-sync-engine/checkout_session_completed.json")).toMatchObject({
      kind: "checkout_recorded",
      invoiceId: "in_1KJqKBJDPojXS6LNJbvLUgEy",
      paymentStatus: "paid",
    });
  });

  it("of a subscription, as recorded, leaves the grant to the invoice", async () => {
    const { object } = record(recordedStripe("pay-rails/checkout.session.completed.json"));
    expect(await factOf("checkout.session.completed", record(object))).toMatchObject({
      kind: "checkout_recorded",
      paymentStatus: "paid",
      paid: { amount: 1900, currency: "usd" },
    });
  });

  it("without a payment, as recorded, has the amount 0 and no currency", async () => {
    expect(await factOfEvent("stripe-ruby-mock/checkout.session.completed.setup_mode.json")).toMatchObject({
      kind: "checkout_recorded",
      owner: { userId: null, customerId: null },
      paid: { amount: 0, currency: "xxx" },
    });
  });
});
