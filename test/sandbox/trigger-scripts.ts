// Scripts in the Stripe CLI's own format, for the events that it has no script for.

interface Step {
  readonly name: string;
  readonly path: string;
  readonly method: "get" | "post" | "delete";
  readonly params?: object;
  readonly expected_error_type?: string;
}

const script = (...fixtures: readonly Step[]) => ({ _meta: { template_version: 0 }, fixtures });
const post = (name: string, path: string, params?: object): Step => ({
  name,
  path,
  method: "post",
  ...(params !== undefined && { params }),
});

const paid = (method: string): Step =>
  post("payment_intent", "/v1/payment_intents", {
    amount: 1000,
    currency: "usd",
    payment_method_types: ["card"],
    payment_method: method,
    confirm: true,
  });
const refund = post("refund", "/v1/refunds", { payment_intent: "${payment_intent:id}" });

const customer = post("customer", "/v1/customers", {
  payment_method: "pm_card_visa",
  invoice_settings: { default_payment_method: "pm_card_visa" },
});
const price = (name: string, amount: string): Step =>
  post(name, "/v1/prices", {
    product_data: { name },
    unit_amount: amount,
    currency: "usd",
    "recurring[interval]": "month",
  });
const subscription = post("subscription", "/v1/subscriptions", {
  customer: "${customer:id}",
  items: [{ price: "${price:id}" }],
});
const upgrade = post("upgrade", "/v1/subscriptions/${subscription:id}", {
  items: [{ id: "${subscription:items.data.0.id}", price: "${dear:id}" }],
  proration_behavior: "always_invoice",
  payment_behavior: "pending_if_incomplete",
});
const failingCard = post("failing", "/v1/payment_methods/pm_card_chargeCustomerFail/attach", {
  customer: "${customer:id}",
});
const defaultFails = post("default", "/v1/customers/${customer:id}", {
  invoice_settings: { default_payment_method: "${failing:id}" },
});
const clock = post("clock", "/v1/test_helpers/test_clocks", { frozen_time: 1_700_000_000 });
const onClock = post("customer", "/v1/customers", {
  test_clock: "${clock:id}",
  payment_method: "pm_card_visa",
  invoice_settings: { default_payment_method: "pm_card_visa" },
});

export const scripts: Readonly<Record<string, object>> = {
  "invoice_payment.paid": script(customer, price("price", "1500"), subscription),
  "customer.subscription.resumed": script(
    customer,
    price("price", "1500"),
    subscription,
    post("pause", "/v1/subscriptions/${subscription:id}/pause"),
    post("resume", "/v1/subscriptions/${subscription:id}/resume"),
  ),
  "customer.subscription.pending_update_applied": script(
    customer,
    price("price", "1500"),
    price("dear", "4500"),
    subscription,
    upgrade,
  ),
  "customer.subscription.pending_update_expired": script(
    clock,
    onClock,
    price("price", "1500"),
    price("dear", "4500"),
    subscription,
    failingCard,
    defaultFails,
    upgrade,
    post("advance", "/v1/test_helpers/test_clocks/${clock:id}/advance", { frozen_time: 1_700_000_000 + 86_400 }),
  ),
  "refund.created": script(paid("pm_card_visa"), refund),
  "refund.updated": script(paid("pm_card_pendingRefund"), refund),
  "refund.failed": script(paid("pm_card_refundFail"), refund),
  "charge.dispute.funds_withdrawn": script(paid("pm_card_createDispute")),
  "charge.dispute.funds_reinstated": script(
    paid("pm_card_createDispute"),
    { name: "disputes", path: "/v1/disputes", method: "get", params: { payment_intent: "${payment_intent:id}" } },
    post("answer", "/v1/disputes/${disputes:data.0.id}", {
      evidence: { uncategorized_text: "winning_evidence" },
      submit: true,
    }),
  ),
};
