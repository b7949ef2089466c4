// /v1/customers
import type { Json } from "../../stripe/read.ts";
import { endSubscription } from "../billing/end-subscription.ts";
import { attach, methodOf } from "../payments/method.ts";
import type { Api } from "../protocol/api.ts";
import type { Params } from "../protocol/params.ts";
import type { Change } from "../store/change.ts";
import type { Customer } from "../store/document.ts";
import { createCustomer } from "../payments/customer.ts";

export function customerRoutes(api: Api): void {
  api.resource("/customers", "customer", ["email", "test_clock"]);
  api.post("/customers", async (change, { params }) => {
    const clock = params.text("test_clock");
    const at = await change.on(clock);
    const created = await createCustomer(at, { ...readFields(params), test_clock: clock, metadata: params.metadata() });
    return applyMethods(at, created, params);
  });
  api.post("/customers/:id", async (change, { params, part }) => {
    const customer = await change.get("customer", part("id"));
    const at = await change.on(customer.test_clock);
    const fields = { ...readFields(params), metadata: params.metadata(customer.metadata) };
    const type = params.names.length > 0 ? "customer.updated" : null;
    return applyMethods(at, await at.update(customer, fields, type), params);
  });
  api.delete("/customers/:id", async (change, { part }) => {
    const customer = await change.get("customer", part("id"));
    const at = await change.on(customer.test_clock);
    for (const subscription of await at.all("subscription", { customer: customer.id })) {
      if (subscription.ended_at === null) await endSubscription(at, subscription, { reason: null });
    }
    await at.remove(customer, "customer.deleted");
    return { id: customer.id, object: "customer", deleted: true };
  });
  api.get("/customers/:id/payment_methods", async (change, { part, params }) => {
    const { id } = await change.get("customer", part("id"));
    const methods = await change.all("payment_method", { customer: id });
    const type = params.text("type");
    const data = methods.filter((method) => type === null || method.type === type).toReversed();
    return { object: "list", data, has_more: false, url: `/v1/customers/${id}/payment_methods` };
  });
}

const texts = ["description", "email", "name", "phone"] as const;

function readFields(params: Params): Json {
  const given = texts.filter((name) => params.has(name)).map((name) => [name, params.text(name)]);
  const balance = params.integer("balance");
  return { ...Object.fromEntries(given), ...(balance !== null && { balance }) };
}

/** Attaches the methods that the request names; several fields may mean one and the same. */
async function applyMethods(change: Change, customer: Customer, params: Params): Promise<Customer> {
  const standard = params.nested("invoice_settings").text("default_payment_method");
  const given = params.text("payment_method") ?? params.text("source") ?? params.text("card") ?? standard;
  if (given === null) return customer;
  const method = await attach(change, await methodOf(change, given), customer);
  if (standard === null && !params.has("source")) return customer;
  const settings = { ...customer.invoice_settings, default_payment_method: method.id };
  return change.update(customer, { invoice_settings: settings }, "customer.updated");
}
