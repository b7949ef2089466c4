// Each flow's events in every order, told again and under a second id, in both payload shapes, end in the same ledger and
// state; with Stripe's API to ask for the present state, and where that is not needed, also without.
import { describe, expect, it } from "vitest";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { uniqueId, WEBHOOK_SECRET } from "../support/engine.ts";
import { everyOrder, ordersOf } from "./every-order.ts";
import { setUp } from "./setup.ts";
import { flowCatalog, flows } from "./stripe-flows.ts";
import { startStripeState } from "./stripe-state.ts";
import { telling, type Shape } from "./telling.ts";

const shapes: readonly Shape[] = ["since 2025", "before 2025"];

describe.each(flows)("$name", { timeout: 300_000 }, ({ told, outcome, needsKey }) => {
  it.each(shapes)("ends the same in every order, in the shape %s", async (shape) => {
    const api = await startStripeState();
    const provider = stripe({ webhookSecrets: [WEBHOOK_SECRET], secretKey: "sk_test_1", apiBase: api.apiBase });
    const setup = await setUp({ catalog: flowCatalog, payment: provider });
    const events = told(telling({ userId: "u", id: (word) => word }, shape)).length;
    const ended = await everyOrder(setup, (buyer) => told(telling(buyer, shape)), ordersOf(events), api);
    expect(ended).toMatchObject(outcome);
  });

  it.skipIf(needsKey === true)("leaves the same ledger when Stripe is never asked", async () => {
    const setup = await setUp({ catalog: flowCatalog });
    const length = told(telling({ userId: uniqueId("u"), id: (word) => word }, "since 2025")).length;
    const orders = ordersOf(length).filter((_, index) => index % 4 === 0);
    const ended = await everyOrder(setup, (buyer) => told(telling(buyer, "since 2025")), orders, undefined, "ledger");
    expect(ended.balance).toEqual(outcome.balance);
  });
});
