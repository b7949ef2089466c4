// Invoices as recorded, in three generations of payloads, and each reader's order of places; without a key.
import { describe, expect, it } from "vitest";
import { recordedStripe } from "../../../../test/fixtures/stripe.ts";
import { factsOf } from "./facts.ts";
import { listed, record, text, type Json } from "./read.ts";

async function factOf(type: string, object: Json) {
  const [fact, ...others] = await factsOf(type, object, { api: null, attempt: 1, mayAssume: true });
  expect(others).toEqual([]);
  return fact;
}

function factOfEvent(path: string) {
  const event = record(recordedStripe(path));
  return factOf(text(event.type) ?? "", record(record(event.data).object));
}

describe("an invoice", () => {
  it("of the shape before 2025 is read", async () => {
    expect(await factOfEvent("stripe-sync-engine/invoice_paid.json")).toEqual({
      kind: "invoice_paid",
      owner: { userId: null, customerId: "cus_JsuO3bmrj0QlAw" },
      invoiceId: "in_1KJqKBJDPojXS6LNJbvLUgEy",
      subscriptionId: "sub_JsuPyCPhXWfZar",
      references: [],
      paid: { amount: 0, currency: "usd" },
      lines: [
        {
          lineId: "il_1KJqKBJDPojXS6LND42vdxtT",
          priceId: "price_1IDQm5JDPojXS6LNM31hxKzp",
          quantity: 1,
          amount: 0,
          proration: false,
          period: { startsAt: new Date("2022-01-20T02:21:20Z"), endsAt: new Date("2022-02-20T02:21:20Z") },
        },
      ],
    });
  });

  it("of the shape since 2025 is read, once for all the events that come with one payment", async () => {
    const events = listed(recordedStripe("zulip-2025-11-17.clover/add_minimum_licenses--Event.list.3.json"));
    expect(events.map(({ type }) => type)).toEqual(["invoice.payment_succeeded", "invoice.paid", "invoice.updated"]);
    const facts = (
      await Promise.all(events.map(({ type, data }) => factOf(text(type) ?? "", record(record(data).object))))
    ).filter((fact) => fact !== undefined);
    const id = "add_minimum_licenses--Event.list.2.json";
    expect(facts).toEqual([
      {
        kind: "invoice_paid",
        owner: { userId: null, customerId: "cus_NORMALIZED" },
        invoiceId: id,
        subscriptionId: null,
        references: [],
        paid: { amount: 100_000, currency: "usd" },
        lines: [
          {
            lineId: id,
            priceId: "price_NORMALIZED",
            quantity: 25,
            amount: 100_000,
            proration: false,
            period: { startsAt: new Date("2012-01-02T03:04:05Z"), endsAt: new Date("2013-01-02T03:04:05Z") },
          },
        ],
      },
    ]);
  });

  it("that carries both shapes is read, and its failed payment", async () => {
    const { object } = record(recordedStripe("pay-rails/invoice.payment_action_required.json"));
    const invoice = record(object);
    expect(await factOf("invoice.payment_action_required", invoice)).toEqual({
      kind: "invoice_payment_failed",
      owner: { userId: null, customerId: "cus_1234" },
      invoiceId: "in_1234",
      subscriptionId: "sub_1234",
      due: { amount: 9184, currency: "usd" },
      attemptCount: 0,
      nextAttemptAt: null,
    });
    expect(await factOf("invoice.paid", invoice)).toMatchObject({
      subscriptionId: "sub_1234",
      references: ["pi_1234"],
      lines: [
        {
          lineId: "il_1234",
          priceId: "price_1234",
          quantity: 24_104_515,
          amount: 9184,
          proration: false,
          period: { startsAt: new Date("2025-03-20T17:29:12Z"), endsAt: new Date("2025-04-20T17:28:35Z") },
        },
      ],
    });
  });

  it("whose payment failed says when the next attempt comes", async () => {
    const { object } = record(recordedStripe("pay-rails/invoice.payment_failed.json"));
    expect(await factOf("invoice.payment_failed", record(object))).toMatchObject({
      subscriptionId: "sub_1234",
      due: { amount: 24_900, currency: "usd" },
      attemptCount: 1,
      nextAttemptAt: new Date(1_745_552_783_000),
    });
    expect(await factOfEvent("stripe-ruby-mock/invoice.payment_failed.json")).toMatchObject({
      kind: "invoice_payment_failed",
      subscriptionId: null,
      nextAttemptAt: null,
    });
  });

  const invoice = { id: "in_1", currency: "JPY", amount_paid: 500, customer: { id: "cus_1" } };
  const line = { id: "il_1", amount: 500, quantity: 2 };
  const paidWith = async (lineFields: object, invoiceFields: object = {}) => {
    const fact = await factOf("invoice.paid", {
      ...invoice,
      lines: { data: [{ ...line, ...lineFields }] },
      ...invoiceFields,
    });
    if (fact?.kind !== "invoice_paid") throw new Error(`read as ${fact?.kind}`);
    return fact;
  };

  it.each<[string, object, string | null]>([
    ["pricing", { pricing: { price_details: { price: "price_new" } }, price: { id: "price_old" } }, "price_new"],
    ["expanded pricing", { pricing: { price_details: { price: { id: "price_new" } } } }, "price_new"],
    ["price", { price: { id: "price_old" }, plan: { id: "plan_old" } }, "price_old"],
    ["price as text", { pricing: null, price: "price_old" }, "price_old"],
    ["plan", { price: null, plan: { id: "plan_old" } }, "plan_old"],
    ["nothing", { price: null, plan: null }, null],
  ])("reads a line's price from %s", async (_, fields, priceId) => {
    expect((await paidWith(fields)).lines[0]?.priceId).toBe(priceId);
  });

  it.each<[string, object, boolean]>([
    ["the subscription item", { parent: { subscription_item_details: { proration: true } } }, true],
    [
      "the invoice item",
      { parent: { invoice_item_details: { proration: true }, subscription_item_details: null } },
      true,
    ],
    [
      "the parent before the line",
      { parent: { subscription_item_details: { proration: false, period: null } }, proration: true },
      false,
    ],
    ["the line", { proration: true }, true],
    ["nothing", {}, false],
  ])("reads a line's proration from %s", async (_, fields, proration) => {
    expect((await paidWith(fields)).lines[0]?.proration).toBe(proration);
  });

  it.each<[string, object, object, string | null]>([
    [
      "parent first",
      { parent: { subscription_details: { subscription: "sub_new" } }, subscription: "sub_old" },
      {},
      "sub_new",
    ],
    ["the invoice", { parent: null, subscription: { id: "sub_old" } }, { subscription: "sub_line" }, "sub_old"],
    ["a line's parent", {}, { parent: { subscription_item_details: { subscription: "sub_line" } } }, "sub_line"],
    ["a line's invoice item", {}, { parent: { invoice_item_details: { subscription: "sub_line" } } }, "sub_line"],
    ["an older line", { subscription: null }, { subscription: "sub_line" }, "sub_line"],
    ["nothing", {}, {}, null],
  ])("reads its subscription from %s", async (_, invoiceFields, lineFields, subscriptionId) => {
    expect((await paidWith(lineFields, invoiceFields)).subscriptionId).toBe(subscriptionId);
  });

  it.each<[string, object, string | null]>([
    [
      "the payment that succeeded",
      {
        payments: {
          data: [
            { status: "canceled", payment: { payment_intent: "pi_canceled" } },
            { status: "paid", payment: { payment_intent: { id: "pi_paid" } } },
          ],
        },
        payment_intent: "pi_old",
      },
      "pi_paid",
    ],
    ["the invoice", { payments: { data: [{ payment: { charge: "ch_1" } }] }, payment_intent: "pi_old" }, "pi_old"],
    ["nothing", {}, null],
  ])("reads its payment intent from %s", async (_, fields, paymentIntentId) => {
    expect((await paidWith({}, fields)).references[0] ?? null).toBe(paymentIntentId);
  });

  it("has quantity 1 where a line has none, and a lower-case currency", async () => {
    const fact = await paidWith({ quantity: null });
    expect(fact.lines[0]?.quantity).toBe(1);
    expect(fact.paid).toEqual({ amount: 500, currency: "jpy" });
  });

  it.each<[string, object]>([
    ["id", { id: null, lines: { data: [] } }],
    ["lines", {}],
    ["line id", { lines: { data: [{ amount: 1 }] } }],
    ["line amount", { lines: { data: [{ id: "il_1", amount: 1.5 }] } }],
    ["line", { lines: { data: ["il_1"] } }],
  ])("is a visible failure without a valid %s", async (_, fields) => {
    await expect(factOf("invoice.paid", { ...invoice, ...fields })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });

  it("that has more lines than its event is a visible failure without a key", async () => {
    const lines = { data: [line], has_more: true };
    await expect(factOf("invoice.paid", { ...invoice, lines })).rejects.toMatchObject({
      code: "provider_unavailable",
      message: expect.stringMatching(/secret key is needed/),
    });
  });
});
