// Stripe, as the conformance suite knows it: with a key, since its events don't tell finely enough which state of a
// subscription is the newer. Everything else is answered as missing, so that the events' own word counts.
import { stripe } from "../../src/payment/provider/stripe.ts";
import type { Buyer } from "../flows/every-order.ts";
import {
  dispute,
  invoice,
  refund,
  subscription,
  type DisputeInput,
  type InvoiceInput,
  type SubscriptionInput,
} from "../flows/stripe-objects.ts";
import { checkoutSession, eventBody, signatureOf, uniqueId, WEBHOOK_SECRET } from "../support/engine.ts";
import type { Adapter, Told } from "./adapter.ts";
import type { ProviderApi } from "./provider-api.ts";

const tell = (type: string, object: Record<string, unknown>): Told => ({ body: eventBody({ type, object }) });

export function stripeAdapter(api: ProviderApi): Adapter {
  const session = (buyer: Buyer): Record<string, unknown> =>
    checkoutSession({
      id: buyer.id("cs"),
      userId: buyer.userId,
      customer: buyer.id("cus"),
      priceId: "price_credits_max",
      paymentIntent: buyer.id("pi"),
    });
  const bought = (buyer: Buyer): Told => tell("checkout.session.completed", session(buyer));
  const bill = (buyer: Buyer, type: string, word: string, input: Partial<InvoiceInput> = {}): Told =>
    tell(
      type,
      invoice({
        id: buyer.id(word),
        customer: buyer.id("cus"),
        userId: buyer.userId,
        subscription: buyer.id("sub"),
        lines: [{ id: buyer.id(`${word}_line`), priceId: "price_pro_monthly" }],
        ...input,
      }),
    );
  const month = (buyer: Buyer, word = "in"): Told => bill(buyer, "invoice.paid", word);
  // The state that a flow tells last is how the API knows it.
  const state = (buyer: Buyer, type: string, input: Omit<SubscriptionInput, "id" | "customer" | "userId">): Told => {
    const object = subscription({ id: buyer.id("sub"), customer: buyer.id("cus"), userId: buyer.userId, ...input });
    api.put(`/v1/subscriptions/${buyer.id("sub")}`, object);
    return tell(type, object);
  };
  const refunded = (
    buyer: Buyer,
    type: string,
    word: string,
    input: Pick<Parameters<typeof refund>[0], "amount" | "status">,
  ) => tell(type, refund({ id: buyer.id(word), paymentIntent: buyer.id("pi"), ...input }));
  const disputed = (buyer: Buyer, type: string, input: Pick<DisputeInput, "status" | "moved">): Told =>
    tell(type, dispute({ id: buyer.id("dp"), paymentIntent: buyer.id("pi"), amount: 999, ...input }));

  return {
    name: "stripe",
    provider: () => stripe({ webhookSecrets: WEBHOOK_SECRET, secretKey: "sk_test_1", apiBase: api.origin }),
    send: async (tally, body, { secret } = {}) =>
      tally.handlers.webhook(
        new Request("http://localhost/api/webhooks/stripe", {
          method: "POST",
          body,
          headers: { "content-type": "application/json", "stripe-signature": await signatureOf(body, secret) },
        }),
      ),
    retold: ({ body }) => ({ body: JSON.stringify({ ...(JSON.parse(body) as object), id: uniqueId("evt") }) }),
    purchase(buyer, { person } = {}) {
      if (person === undefined) return bought(buyer);
      return tell("checkout.session.completed", {
        ...session(buyer),
        metadata: { userId: buyer.userId, priceId: "price_credits_max", note: `for ${person.name}` },
        customer_details: { ...person, address: { line1: person.name } },
        custom_fields: [{ key: "name", text: { value: person.name } }],
        success_url: `https://example.com/?email=${person.email}`,
      });
    },
    ownerless(buyer) {
      const customerId = buyer.id("cus");
      const lines = [{ priceId: "price_pro_monthly" }];
      return { told: tell("invoice.paid", invoice({ customer: customerId, lines })), customerId };
    },
    ofPrice: (buyer, priceId) => tell("invoice.paid", invoice({ userId: buyer.userId, lines: [{ priceId }] })),
    otherMode: (buyer) => ({
      provider: stripe({ webhookSecrets: WEBHOOK_SECRET, secretKey: "sk_live_1", apiBase: api.origin }),
      told: bought(buyer),
    }),
    started: (buyer) => [
      tell("checkout.session.completed", {
        ...session(buyer),
        mode: "subscription",
        subscription: buyer.id("sub"),
        invoice: buyer.id("in"),
        payment_intent: null,
      }),
      state(buyer, "customer.subscription.created", { status: "incomplete" }),
      month(buyer),
      state(buyer, "customer.subscription.updated", { status: "active" }),
    ],
    renewal: (buyer) => [
      month(buyer),
      state(buyer, "customer.subscription.updated", { status: "active" }),
      month(buyer, "in_2"),
    ],
    failedThenPaid: (buyer) => [
      bill(buyer, "invoice.payment_failed", "in"),
      state(buyer, "customer.subscription.updated", { status: "past_due" }),
      month(buyer),
      state(buyer, "customer.subscription.updated", { status: "active" }),
    ],
    cancelledAtPeriodEnd: (buyer) => [
      month(buyer),
      state(buyer, "customer.subscription.created", { status: "active" }),
      state(buyer, "customer.subscription.updated", { status: "active", cancelAtPeriodEnd: true }),
      state(buyer, "customer.subscription.deleted", { status: "canceled" }),
    ],
    refunds: (buyer) => [
      bought(buyer),
      refunded(buyer, "refund.created", "re_1", { amount: 333, status: "pending" }),
      refunded(buyer, "refund.updated", "re_1", { amount: 333 }),
      refunded(buyer, "refund.created", "re_2", { amount: 666 }),
    ],
    rejectedRefund: (buyer) => [
      bought(buyer),
      refunded(buyer, "refund.created", "re", { amount: 333, status: "pending" }),
      refunded(buyer, "refund.failed", "re", { amount: 333, status: "failed" }),
    ],
    chargeback: (buyer) => [
      bought(buyer),
      disputed(buyer, "charge.dispute.created", { status: "warning_needs_response" }),
      disputed(buyer, "charge.dispute.funds_withdrawn", { status: "needs_response", moved: [-999] }),
    ],
    chargebackReversed: (buyer) => [
      bought(buyer),
      disputed(buyer, "charge.dispute.created", { status: "needs_response" }),
      disputed(buyer, "charge.dispute.funds_withdrawn", { status: "needs_response", moved: [-999] }),
      disputed(buyer, "charge.dispute.closed", { status: "won", moved: [-999] }),
      disputed(buyer, "charge.dispute.funds_reinstated", { status: "won", moved: [-999, 999] }),
    ],
    trial: (buyer) => [
      bill(buyer, "invoice.paid", "in", {
        lines: [{ id: buyer.id("in_line"), priceId: "price_pro_monthly", amount: 0 }],
      }),
      state(buyer, "customer.subscription.created", { status: "trialing" }),
    ],
  };
}
