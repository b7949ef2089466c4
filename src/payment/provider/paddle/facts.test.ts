// What Paddle's events say happened, without a key.
import { describe, expect, it } from "vitest";
import {
  adjustment,
  subscription,
  transaction,
  type AdjustmentInput,
} from "../../../../test/payment-conformance/paddle-objects.ts";
import type { PaymentFact } from "../../provider.ts";
import { record } from "../json.ts";
import { factsOf } from "./facts.ts";

// As a body carries it.
const told = async (type: string, data: object): Promise<readonly PaymentFact[]> =>
  factsOf(type, record(JSON.parse(JSON.stringify(data))), { api: null });
const lines = [{ id: "txnitm_1", priceId: "price_1" }];
const owner = { userId: "ada", claimed: true, customerId: "ctm_1" };

describe("transaction.completed", () => {
  it("is a paid bill: lines before discount and tax, the sum that was paid, and the user as a claim", async () => {
    const data = transaction({ id: "txn_1", customer: "ctm_1", userId: "ada", lines, discount: 2000 });
    expect(await told("transaction.completed", data)).toEqual([
      {
        kind: "invoice_paid",
        owner,
        invoiceId: "txn_1",
        subscriptionId: null,
        references: ["txn_1"],
        paid: { amount: 0, currency: "usd" },
        lines: [{ lineId: "txnitm_1", priceId: "price_1", quantity: 1, amount: 2000, proration: false, period: null }],
      },
    ]);
  });

  it("has minor units of currencies without decimals as they are", async () => {
    const data = transaction({ lines: [{ ...lines[0], priceId: "price_1", subtotal: 1500 }], currency: "JPY" });
    expect(await told("transaction.completed", data)).toMatchObject([
      { paid: { amount: 1500, currency: "jpy" }, lines: [{ amount: 1500 }] },
    ]);
  });

  it("tells quantities, prorations and credits of a changed subscription", async () => {
    const data = transaction({
      subscription: "sub_1",
      origin: "subscription_update",
      lines: [
        { priceId: "price_old", subtotal: -900, quantity: -1, prorated: true },
        { priceId: "price_new", subtotal: 1500, quantity: 3, prorated: true },
        { priceId: "price_pack", subtotal: 999, quantity: 2 },
      ],
    });
    const [fact] = await told("transaction.completed", data);
    expect(fact).toMatchObject({ subscriptionId: "sub_1" });
    expect(
      fact?.kind === "invoice_paid" && fact.lines.map((line) => [line.amount, line.quantity, line.proration]),
    ).toEqual([
      [-900, -1, true],
      [1500, 3, true],
      [999, 2, false],
    ]);
  });

  it("of a changed payment method says nothing, as its lines of zero are no trial", async () => {
    const data = transaction({ origin: "subscription_payment_method_change", lines: [{ priceId: "p", subtotal: 0 }] });
    expect(await told("transaction.completed", data)).toEqual([]);
  });

  it.each([
    [{ id: null }, "transaction id"],
    [{ details: null }, "list of line items"],
    [{ details: { totals: { grand_total: 999 }, line_items: [] } }, "grand total"],
    [{ details: { totals: { grand_total: "9.99" }, line_items: [] } }, "grand total"],
    [
      { details: { totals: { grand_total: "9" }, line_items: [{ quantity: 1, totals: { subtotal: "9" } }] } },
      "item id",
    ],
    [
      {
        details: { totals: { grand_total: "9" }, line_items: [{ id: "i", quantity: 1.5, totals: { subtotal: "9" } }] },
      },
      "quantity",
    ],
  ])("with %j fails rather than guessing", async (fields, missing) => {
    await expect(told("transaction.completed", { ...transaction({ lines }), ...fields })).rejects.toThrow(missing);
  });

  it.each([
    ["", null],
    [7, null],
    ["x".repeat(256), null],
    [" ", null],
  ])("with the user id %j names no user", async (userId, expected) => {
    const data = { ...transaction({ lines, customer: "ctm_1" }), custom_data: { userId } };
    expect(await told("transaction.completed", data)).toMatchObject([
      { owner: { userId: expected, customerId: "ctm_1" } },
    ]);
  });
});

describe("transaction.payment_failed and transaction.past_due", () => {
  it.each(["transaction.payment_failed", "transaction.past_due"])(
    "%s tells what is due and how often it failed",
    async (type) => {
      const data = transaction({
        id: "txn_1",
        customer: "ctm_1",
        userId: "ada",
        subscription: "sub_1",
        status: "past_due",
        failedPayments: 2,
        lines,
      });
      expect(await told(type, data)).toEqual([
        {
          kind: "invoice_payment_failed",
          owner,
          invoiceId: "txn_1",
          subscriptionId: "sub_1",
          due: { amount: 2000, currency: "usd" },
          attemptCount: 2,
        },
      ]);
    },
  );
});

describe("subscription events", () => {
  const known = { id: "sub_1", customer: "ctm_1", userId: "ada", version: 3 } as const;

  it("tell the state, with the time of its change to the microsecond", async () => {
    const data = subscription({ ...known, status: "active", cancelsAt: "2026-02-01T00:00:00Z" });
    expect(await told("subscription.updated", data)).toEqual([
      {
        kind: "subscription_changed",
        owner,
        subscription: {
          subscriptionId: "sub_1",
          status: "active",
          items: [{ priceId: "price_pro_monthly", quantity: 1 }],
          currentPeriodStart: new Date("2026-01-01T00:00:00Z"),
          currentPeriodEnd: new Date("2026-02-01T00:00:00Z"),
          cancelAtPeriodEnd: true,
          cancelAt: new Date("2026-02-01T00:00:00Z"),
          canceledAt: null,
          endedAt: null,
          trialEnd: null,
          asOf: "2026-01-01T00:00:00.000003Z",
        },
      },
    ]);
  });

  it("tell a trial's end, and that a cancelled one has ended", async () => {
    const trial = subscription({ ...known, status: "trialing", trialEndsAt: "2026-02-01T00:00:00Z" });
    expect(await told("subscription.trialing", trial)).toMatchObject([
      { subscription: { status: "trialing", trialEnd: new Date("2026-02-01T00:00:00Z") } },
    ]);
    const ended = subscription({ ...known, status: "canceled" });
    expect(await told("subscription.canceled", ended)).toMatchObject([
      { subscription: { status: "canceled", currentPeriodEnd: null, endedAt: new Date("2026-01-01T00:00:00Z") } },
    ]);
  });

  it("read the item that recurs, and no pause that is only scheduled", async () => {
    const data = subscription({ ...known, status: "active" });
    const [item] = data.items;
    const oneTime = { ...item, recurring: false, price: { id: "price_pack" } };
    const scheduled_change = { action: "pause", effective_at: "2026-02-01T00:00:00Z" };
    expect(await told("subscription.updated", { ...data, items: [oneTime, item], scheduled_change })).toMatchObject([
      { subscription: { items: [{ priceId: "price_pro_monthly" }], cancelAtPeriodEnd: false, cancelAt: null } },
    ]);
  });
});

describe("adjustments", () => {
  const adjusted = async (input: Partial<AdjustmentInput>) =>
    told("adjustment.created", adjustment({ id: "adj_1", transaction: "txn_1", amount: 500, ...input }));

  it("name their transaction, by which the payment is found", async () => {
    expect(await adjusted({})).toEqual([
      {
        kind: "payment_returned",
        references: ["txn_1"],
        invoiceId: "txn_1",
        returned: {
          returnId: "adj_1",
          type: "refund",
          status: "approved",
          stage: 2,
          money: { amount: 500, currency: "usd" },
          stands: true,
          inquiry: false,
          outcome: null,
          answerBy: null,
        },
        current: false,
      },
    ]);
  });

  it.each<[string, Partial<AdjustmentInput>, object]>([
    ["a refund that waits for Paddle", { status: "pending_approval" }, { type: "refund", stands: false, stage: 1 }],
    ["a refund that Paddle rejected", { status: "rejected" }, { type: "refund", stands: false, stage: 3 }],
    ["a refund in yen", { currency: "JPY" }, { money: { amount: 500, currency: "jpy" } }],
    ["a chargeback", { action: "chargeback" }, { type: "dispute", stands: true, inquiry: false, outcome: null }],
    [
      "a chargeback that was reversed, which its reversal tells of",
      { action: "chargeback", status: "reversed" },
      { type: "dispute", stands: true },
    ],
    [
      "the reversal of a chargeback",
      { action: "chargeback_reverse" },
      { type: "reversal", stands: true, outcome: "won" },
    ],
    [
      "the reversal of a chargeback below zero",
      { action: "chargeback_reverse", amount: -500 },
      { type: "reversal", money: { amount: 500 } },
    ],
    ["a warning", { action: "chargeback_warning" }, { type: "dispute", stands: false, inquiry: true, outcome: null }],
    [
      "the reversal of a warning",
      { action: "chargeback_warning_reverse" },
      { type: "dispute", stands: false, inquiry: true, outcome: "withdrawn" },
    ],
  ])("tell %s", async (_, input, returned) => {
    expect(await adjusted(input)).toMatchObject([{ returned }]);
  });

  it.each<[string, Partial<AdjustmentInput>]>([
    ["a credit", { action: "credit" }],
    ["the reversal of a credit", { action: "credit_reverse" }],
    ["a refund of tax alone", { items: [{ id: "i", item_id: "t", type: "tax", amount: "500" }] }],
  ])("say nothing of %s, which gives back nothing of what was bought", async (_, input) => {
    expect(await adjusted(input)).toEqual([]);
  });

  it("of an action that is not known fail where a person sees it", async () => {
    const data = { ...adjustment({ id: "adj_1", transaction: "txn_1", amount: 500 }), action: "constructor" };
    await expect(told("adjustment.created", data)).rejects.toThrow("adj_1 has an action that is not known here");
  });
});
