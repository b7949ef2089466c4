// /v1/payment_methods
import { attach, methodFrom, methodOf } from "../payments/method.ts";
import type { Api } from "../protocol/api.ts";
import { invalid } from "../protocol/refusal.ts";

export function paymentMethodRoutes(api: Api): void {
  api.resource("/payment_methods", "payment_method", ["customer", "type"]);
  api.post("/payment_methods", async (change, { params }) => methodFrom(change, params));
  api.post("/payment_methods/:id", async (change, { params, part }) => {
    const method = await change.get("payment_method", part("id"));
    return change.update(method, { metadata: params.metadata(method.metadata) }, "payment_method.updated");
  });
  api.post("/payment_methods/:id/attach", async (change, { params, part }) => {
    const customer = await change.get("customer", params.required("customer"), "customer");
    const at = await change.on(customer.test_clock);
    return attach(at, await methodOf(at, part("id")), customer);
  });
  api.post("/payment_methods/:id/detach", async (change, { part }) => {
    const method = await change.get("payment_method", part("id"));
    if (method.customer === null) throw invalid("The payment method you provided is not attached to a customer.");
    const owner = await change.find("customer", method.customer);
    if (owner !== null && owner.invoice_settings.default_payment_method === method.id) {
      const settings = { ...owner.invoice_settings, default_payment_method: null };
      await change.update(owner, { invoice_settings: settings }, "customer.updated");
    }
    return change.update(method, { customer: null }, "payment_method.detached");
  });
}
