// /v1/checkout/sessions, and the private address through which the Stripe CLI pays one.
import { completeSession } from "../checkout/complete.ts";
import { expireSession } from "../checkout/session-end.ts";
import { createSession } from "../checkout/session.ts";
import { priceIn } from "../billing/price.ts";
import { methodOf } from "../payments/method.ts";
import type { Api } from "../protocol/api.ts";
import { pageOfItems } from "../protocol/page.ts";
import type { Params } from "../protocol/params.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import { linePrice } from "./prices.ts";

export function checkoutSessionRoutes(api: Api): void {
  api.resource("/checkout/sessions", "checkout.session", ["customer", "payment_intent", "subscription", "status"]);
  api.post("/checkout/sessions", async (change, { params }) => {
    const customerId = params.text("customer");
    const customer = customerId === null ? null : await change.get("customer", customerId, "customer");
    const at = await change.on(customer?.test_clock ?? null);
    return createSession(at, { ...(await readSession(at, params)), customer });
  });
  api.get("/checkout/sessions/:id/line_items", async (change, { params, part }) => {
    const session = await change.get("checkout.session", part("id"));
    return pageOfItems(session._lines, params, `/v1/checkout/sessions/${session.id}/line_items`);
  });
  api.post("/checkout/sessions/:id", async (change, { params, part }) => {
    const session = await change.get("checkout.session", part("id"));
    return change.update(session, { metadata: params.metadata(session.metadata) }, null);
  });
  api.post("/checkout/sessions/:id/expire", async (change, { part }) =>
    expireSession(change, await change.get("checkout.session", part("id"))),
  );
  api.get("/payment_pages/:id", async (change, { part }) => change.get("checkout.session", part("id")));
  api.post("/payment_pages/:id/confirm", async (change, { params, part }) => {
    const session = await change.get("checkout.session", part("id"));
    const expected = params.integer("expected_amount");
    if (expected !== null && expected !== session.amount_total) {
      throw invalid(`The amount is ${session.amount_total}, not ${expected}.`, { param: "expected_amount" });
    }
    const customer = await change.find("customer", session.customer);
    const at = await change.on(customer?.test_clock ?? null);
    return completeSession(at, session, { method: await methodOf(at, params.required("payment_method")) });
  });
}

async function readSession(change: Change, params: Params) {
  const currency = params.text("currency")?.toLowerCase() ?? null;
  const intent = params.nested("payment_intent_data");
  const subscription = params.nested("subscription_data");
  const invoicing = params.nested("invoice_creation");
  const types = [...params.texts("payment_method_types"), ...params.texts("allowed_payment_method_types")];
  const lines = [];
  for (const line of params.many("line_items")) {
    const quantity = line.integer("quantity") ?? 1;
    if (quantity < 1) throw invalid("The quantity must be at least 1.", { param: "line_items" });
    lines.push({ price: priceIn(await linePrice(change, line), currency), quantity });
  }
  return {
    mode: params.choice("mode", ["payment", "subscription", "setup"]) ?? "payment",
    lines,
    currency,
    customer_email: params.text("customer_email"),
    customer_creation: params.text("customer_creation"),
    client_reference_id: params.text("client_reference_id"),
    metadata: params.metadata(),
    success_url: params.text("success_url"),
    cancel_url: params.text("cancel_url"),
    expires_at: params.integer("expires_at"),
    invoice_creation: invoicing.flag("enabled") === true,
    invoice_metadata: invoicing.nested("invoice_data").metadata(),
    payment_method_types: types.length === 0 ? ["card"] : types,
    ui_mode: params.text("ui_mode") ?? "hosted_page",
    intent: {
      metadata: intent.metadata(),
      description: intent.text("description"),
      saves: intent.text("setup_future_usage") !== null,
    },
    subscription: {
      metadata: subscription.metadata(),
      trial_end: subscription.integer("trial_end"),
      trial_days: subscription.integer("trial_period_days"),
    },
  };
}
