// Paddle Billing, as the conformance suite knows it; with an API, the present state of what changes is asked of it.
import { paddle } from "../../src/payment/provider/paddle.ts";
import type { Buyer } from "../flows/every-order.ts";
import { uniqueId } from "../support/engine.ts";
import { PADDLE_SECRET, paddleBody, paddleSignature, sendPaddleBody } from "../support/paddle.ts";
import type { Adapter, Told } from "./adapter.ts";
import {
  adjustment,
  subscription,
  transaction,
  type AdjustmentInput,
  type SubscriptionInput,
  type TransactionInput,
} from "./paddle-objects.ts";
import type { ProviderApi } from "./provider-api.ts";

const tell = (type: string, data: object): Told => ({ body: paddleBody({ type, data }) });

export function paddleAdapter(api: ProviderApi | null): Adapter {
  const known = (buyer: Buyer) => ({ customer: buyer.id("ctm"), userId: buyer.userId });
  const bought = (buyer: Buyer): Told =>
    tell(
      "transaction.completed",
      transaction({
        ...known(buyer),
        id: buyer.id("txn"),
        lines: [{ id: buyer.id("txnitm"), priceId: "price_credits_max", subtotal: 999 }],
      }),
    );
  const bill = (buyer: Buyer, word: string, type: string, input: Partial<TransactionInput> = {}): Told =>
    tell(
      type,
      transaction({
        ...known(buyer),
        id: buyer.id(word),
        subscription: buyer.id("sub"),
        lines: [{ id: buyer.id(`${word}_item`), priceId: "price_pro_monthly" }],
        ...input,
      }),
    );
  const month = (buyer: Buyer, word = "txn"): Told => bill(buyer, word, "transaction.completed");
  // The state that a flow tells last is how the API knows it.
  const state = (buyer: Buyer, type: string, input: Omit<SubscriptionInput, "id" | "customer" | "userId">): Told => {
    const data = subscription({ ...known(buyer), id: buyer.id("sub"), ...input });
    api?.put(`/subscriptions/${data.id}`, { data });
    return tell(type, data);
  };
  const adjusted = (buyer: Buyer, type: string, input: Omit<AdjustmentInput, "transaction">): Told => {
    const data = adjustment({ transaction: buyer.id("txn"), ...input });
    api?.put(`/adjustments?id=${data.id}`, { data: [data] });
    return tell(type, data);
  };

  return {
    name: "paddle",
    provider: () =>
      paddle({
        webhookSecrets: PADDLE_SECRET,
        ...(api !== null && { apiKey: "pdl_sdbx_apikey_1", apiBase: api.origin }),
      }),
    send: async (tally, body, { secret } = {}) =>
      sendPaddleBody(tally, body, paddleSignature(body, { ...(secret !== undefined && { secret }) })),
    retold: ({ body }) => ({
      body: JSON.stringify({
        ...(JSON.parse(body) as object),
        event_id: uniqueId("evt"),
        notification_id: uniqueId("ntf"),
      }),
    }),
    purchase(buyer, { person } = {}) {
      const { body } = bought(buyer);
      if (person === undefined) return { body };
      const event = JSON.parse(body) as { data: object };
      return {
        body: JSON.stringify({
          ...event,
          data: {
            ...event.data,
            custom_data: { userId: buyer.userId, note: `for ${person.name}` },
            billing_details: { additional_information: person.name, purchase_order_number: person.email },
            payments: [{ method_details: { type: "card", card: { cardholder_name: person.name, last4: "4242" } } }],
            customer: { id: buyer.id("ctm"), name: person.name, email: person.email },
            business: { contacts: [person], tax_identifier: person.email },
            address: { first_line: person.name, city: person.name },
            checkout: { url: `https://pay.example.com/?email=${person.email}` },
          },
        }),
      };
    },
    ownerless(buyer) {
      const customerId = buyer.id("ctm");
      const lines = [{ priceId: "price_pro_monthly" }];
      const data = transaction({ customer: customerId, subscription: buyer.id("sub"), lines });
      return { told: tell("transaction.completed", data), customerId };
    },
    ofPrice: (buyer, priceId) => tell("transaction.completed", transaction({ ...known(buyer), lines: [{ priceId }] })),
    otherMode(buyer) {
      const event = JSON.parse(bought(buyer).body) as object;
      return {
        provider: paddle({ webhookSecrets: PADDLE_SECRET, apiKey: "pdl_live_apikey_1" }),
        told: { body: JSON.stringify({ ...event, notification_id: uniqueId("ntfsim") }) },
      };
    },
    started: (buyer) => [
      bill(buyer, "txn", "transaction.paid", { subscription: null, status: "paid" }),
      state(buyer, "subscription.created", { status: "active", version: 1 }),
      state(buyer, "subscription.activated", { status: "active", version: 1 }),
      month(buyer),
    ],
    renewal: (buyer) => [
      month(buyer),
      state(buyer, "subscription.updated", { status: "active", version: 2 }),
      month(buyer, "txn_2"),
    ],
    failedThenPaid: (buyer) => [
      bill(buyer, "txn", "transaction.payment_failed", { status: "billed", failedPayments: 1 }),
      bill(buyer, "txn", "transaction.past_due", { status: "past_due", failedPayments: 1 }),
      state(buyer, "subscription.past_due", { status: "past_due", version: 2 }),
      month(buyer),
      state(buyer, "subscription.updated", { status: "active", version: 3 }),
    ],
    cancelledAtPeriodEnd: (buyer) => [
      month(buyer),
      state(buyer, "subscription.created", { status: "active", version: 1 }),
      state(buyer, "subscription.updated", { status: "active", version: 2, cancelsAt: "2026-02-01T00:00:00Z" }),
      state(buyer, "subscription.canceled", { status: "canceled", version: 3 }),
    ],
    refunds: (buyer) => [
      bought(buyer),
      adjusted(buyer, "adjustment.created", { id: buyer.id("adj_1"), amount: 333, status: "pending_approval" }),
      adjusted(buyer, "adjustment.updated", { id: buyer.id("adj_1"), amount: 333 }),
      adjusted(buyer, "adjustment.created", { id: buyer.id("adj_2"), amount: 666 }),
    ],
    rejectedRefund: (buyer) => [
      bought(buyer),
      adjusted(buyer, "adjustment.created", { id: buyer.id("adj"), amount: 333, status: "pending_approval" }),
      adjusted(buyer, "adjustment.updated", { id: buyer.id("adj"), amount: 333, status: "rejected" }),
    ],
    chargeback: (buyer) => [
      bought(buyer),
      adjusted(buyer, "adjustment.created", { id: buyer.id("adj_w"), amount: 999, action: "chargeback_warning" }),
      adjusted(buyer, "adjustment.created", { id: buyer.id("adj_c"), amount: 999, action: "chargeback" }),
    ],
    chargebackReversed: (buyer) => {
      const taken = { id: buyer.id("adj_c"), amount: 999, action: "chargeback" } as const;
      return [
        bought(buyer),
        adjusted(buyer, "adjustment.created", { id: buyer.id("adj_w"), amount: 999, action: "chargeback_warning" }),
        adjusted(buyer, "adjustment.created", taken),
        adjusted(buyer, "adjustment.updated", { ...taken, status: "reversed" }),
        adjusted(buyer, "adjustment.created", { id: buyer.id("adj_r"), amount: 999, action: "chargeback_reverse" }),
      ];
    },
    trial: (buyer) => [
      bill(buyer, "txn", "transaction.completed", {
        origin: "web",
        lines: [{ id: buyer.id("txn_item"), priceId: "price_pro_monthly", subtotal: 0 }],
      }),
      state(buyer, "subscription.created", { status: "trialing", version: 1, trialEndsAt: "2026-02-01T00:00:00Z" }),
      state(buyer, "subscription.trialing", { status: "trialing", version: 1, trialEndsAt: "2026-02-01T00:00:00Z" }),
    ],
  };
}
