// /v1/payment_intents
import { confirmPayment } from "../billing/settle.ts";
import { captureIntent } from "../payments/confirm.ts";
import { cancelIntent, createIntent } from "../payments/intent.ts";
import { attach, methodOf } from "../payments/method.ts";
import type { Api } from "../protocol/api.ts";
import type { Params } from "../protocol/params.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import type { PaymentIntent } from "../store/document.ts";

export function paymentIntentRoutes(api: Api): void {
  api.resource("/payment_intents", "payment_intent", ["customer"]);
  api.post("/payment_intents", async (change, { params }) => {
    const at = await clockOf(change, params.text("customer"));
    const given = params.text("payment_method") ?? params.text("source");
    const method = given === null ? null : await methodOf(at, given);
    const intent = await createIntent(at, {
      amount: readAmount(params),
      currency: params.required("currency").toLowerCase(),
      customer: params.text("customer"),
      description: params.text("description"),
      metadata: params.metadata(),
      capture_method: params.text("capture_method") ?? "automatic",
      payment_method: method?.id ?? null,
      payment_method_types: method === null ? ["card"] : [method.type],
      setup_future_usage: params.text("setup_future_usage"),
      receipt_email: params.text("receipt_email"),
    });
    return params.flag("confirm") === true ? confirm(at, intent, params) : intent;
  });
  api.post("/payment_intents/:id", async (change, { params, part }) => {
    const intent = await change.get("payment_intent", part("id"));
    const amount = params.integer("amount");
    const method = params.text("payment_method");
    const fields = {
      metadata: params.metadata(intent.metadata),
      ...(params.has("description") && { description: params.text("description") }),
      ...(amount !== null && { amount }),
      ...(method !== null && { payment_method: (await methodOf(change, method)).id }),
    };
    return change.update(intent, fields, null);
  });
  api.post("/payment_intents/:id/confirm", async (change, { params, part }) => {
    const intent = await change.get("payment_intent", part("id"));
    return confirm(await clockOf(change, intent.customer), intent, params);
  });
  api.post("/payment_intents/:id/capture", async (change, { params, part }) => {
    const intent = await change.get("payment_intent", part("id"));
    const amount = params.integer("amount_to_capture") ?? intent.amount;
    if (amount < 1 || amount > intent.amount) throw invalid("The amount exceeds what was authorised.");
    return captureIntent(await clockOf(change, intent.customer), intent, amount);
  });
  api.post("/payment_intents/:id/cancel", async (change, { params, part }) => {
    const intent = await change.get("payment_intent", part("id"));
    return cancelIntent(await clockOf(change, intent.customer), intent, params.text("cancellation_reason"));
  });
}

async function confirm(change: Change, intent: PaymentIntent, params: Params): Promise<PaymentIntent> {
  const given = params.text("payment_method") ?? intent.payment_method;
  if (given === null) {
    throw invalid("You cannot confirm this PaymentIntent because it's missing a payment method.", {
      code: "payment_intent_unexpected_state",
    });
  }
  const method = await methodOf(change, given);
  const confirmation = await confirmPayment(change, intent, method);
  if (confirmation.outcome === "declined") throw confirmation.refusal;
  const customer = await change.find("customer", intent.customer);
  if (intent["setup_future_usage"] !== null && customer !== null) await attach(change, method, customer);
  return change.get("payment_intent", intent.id);
}

async function clockOf(change: Change, customerId: string | null): Promise<Change> {
  if (customerId === null) return change;
  const customer = await change.get("customer", customerId, "customer");
  return change.on(customer.test_clock);
}

function readAmount(params: Params): number {
  const amount = params.requiredInteger("amount");
  if (amount < 1) throw invalid("This value must be greater than or equal to 1.", { param: "amount" });
  return amount;
}
