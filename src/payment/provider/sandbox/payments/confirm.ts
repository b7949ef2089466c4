// Taking a payment: what a confirmed intent becomes with a payment method, and when a bank debit settles.
import type { Refusal } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import type { Charge, PaymentIntent, PaymentMethod } from "../store/document.ts";
import { openDispute } from "./dispute.ts";
import { moveBalance, newCharge } from "./charge.ts";
import { unexpected } from "./intent.ts";
import { declineOf } from "./method.ts";

export type Confirmation =
  | {
      readonly outcome: "succeeded" | "processing" | "requires_capture";
      readonly intent: PaymentIntent;
      readonly charge: Charge;
    }
  | { readonly outcome: "requires_action"; readonly intent: PaymentIntent }
  | {
      readonly outcome: "declined";
      readonly intent: PaymentIntent;
      readonly charge: Charge;
      readonly refusal: Refusal;
    };

/**
 * Confirms the intent; a card that asks for its holder succeeds only when `authenticated`. A declined card is an
 * outcome and no error: what was declined is recorded.
 * @throws Refusal when the intent is past confirming
 */
export async function confirmIntent(
  change: Change,
  intent: PaymentIntent,
  { method, authenticated = false }: { method: PaymentMethod; authenticated?: boolean },
): Promise<Confirmation> {
  if (!["requires_payment_method", "requires_confirmation", "requires_action"].includes(intent.status)) {
    throw unexpected(intent, "confirm");
  }
  const known = { payment_method: method.id, customer: intent.customer ?? method.customer, last_payment_error: null };
  const { needsAction, decline, settles } = method._conduct;
  if (needsAction === true && !authenticated) {
    const type = "use_stripe_sdk";
    const fields = {
      ...known,
      status: "requires_action" as const,
      next_action: { type, [type]: { type: "three_d_secure_redirect" } },
    };
    return {
      outcome: "requires_action",
      intent: await change.update(intent, fields, "payment_intent.requires_action"),
    };
  }
  if (decline !== undefined) return recordDecline(change, { ...intent, ...known }, method);
  if (settles !== undefined) return beginToSettle(change, { ...intent, ...known }, method);
  if (intent.capture_method === "manual") return authorise(change, { ...intent, ...known }, method);
  return succeed(change, { ...intent, ...known }, method);
}

async function recordDecline(change: Change, intent: PaymentIntent, method: PaymentMethod): Promise<Confirmation> {
  const charge = await change.create(
    newCharge(change, intent, { method, status: "failed", captured: false }),
    "charge.failed",
  );
  const { body } = declineOf(method._conduct);
  const fields = {
    latest_charge: charge.id,
    last_payment_error: { ...body, charge: charge.id, payment_method: method },
    customer: intent.customer,
    payment_method: null,
    status: "requires_payment_method" as const,
    next_action: null,
  };
  const failed = await change.update(intent, fields, null);
  await change.tell("payment_intent.payment_failed", failed);
  const refusal = declineOf(method._conduct, { keeps: true, fields: { charge: charge.id, payment_intent: failed } });
  return { outcome: "declined", intent: failed, charge, refusal };
}

async function succeed(change: Change, intent: PaymentIntent, method: PaymentMethod): Promise<Confirmation> {
  const written = await change.create(newCharge(change, intent, { method, status: "succeeded", captured: true }), null);
  const charge = await bookCharge(change, written);
  await change.tell("charge.succeeded", charge);
  return { outcome: "succeeded", intent: await intentSucceeded(change, intent, charge), charge };
}

async function authorise(change: Change, intent: PaymentIntent, method: PaymentMethod): Promise<Confirmation> {
  const uncaptured = newCharge(change, intent, { method, status: "succeeded", captured: false });
  const charge = await change.create(uncaptured, "charge.succeeded");
  const fields = {
    ...settledFields(intent, charge),
    status: "requires_capture" as const,
    amount_capturable: intent.amount,
  };
  const held = await change.update(intent, fields, null);
  await change.tell("payment_intent.amount_capturable_updated", held);
  return { outcome: "requires_capture", intent: held, charge };
}

/** Takes what was authorised, in part where less is asked. */
export async function captureIntent(change: Change, intent: PaymentIntent, amount: number): Promise<PaymentIntent> {
  if (intent.status !== "requires_capture" || intent.latest_charge === null) throw unexpected(intent, "capture");
  const held = await change.get("charge", intent.latest_charge);
  const charge = await bookCharge(change, await change.update(held, { captured: true, amount_captured: amount }, null));
  await change.tell("charge.captured", charge, held);
  const fields = { status: "succeeded" as const, amount_received: amount, amount_capturable: 0 };
  return change.update(intent, fields, "payment_intent.succeeded");
}

async function beginToSettle(change: Change, intent: PaymentIntent, method: PaymentMethod): Promise<Confirmation> {
  const pending = newCharge(change, intent, { method, status: "pending", captured: true });
  const charge = await change.create(pending, "charge.pending");
  const fields = { ...settledFields(intent, charge), status: "processing" as const };
  const processing = await change.update(intent, fields, null);
  await change.tell("payment_intent.processing", processing);
  await change.plan(intent.id, "settle_payment", change.now);
  return { outcome: "processing", intent: processing, charge };
}

/** A bank debit comes through, or does not. */
export async function settleIntent(change: Change, intent: PaymentIntent): Promise<Confirmation | null> {
  if (intent.status !== "processing" || intent.latest_charge === null) return null;
  const pending = await change.get("charge", intent.latest_charge);
  if (pending._conduct.settles === "succeeded") {
    const charge = await bookCharge(change, await change.update(pending, { status: "succeeded", paid: true }, null));
    await change.tell("charge.succeeded", charge);
    return { outcome: "succeeded", intent: await intentSucceeded(change, intent, charge), charge };
  }
  const message = "The customer's bank could not take the payment.";
  const failure = { failure_code: "insufficient_funds", failure_message: message };
  const charge = await change.update(pending, { status: "failed", paid: false, ...failure }, "charge.failed");
  const refusal = declineOf({ decline: { code: "insufficient_funds", message } }, { keeps: true });
  const fields = { status: "requires_payment_method" as const, last_payment_error: refusal.body, payment_method: null };
  const failed = await change.update(intent, fields, null);
  await change.tell("payment_intent.payment_failed", failed);
  return { outcome: "declined", intent: failed, charge, refusal };
}

async function intentSucceeded(change: Change, intent: PaymentIntent, charge: Charge): Promise<PaymentIntent> {
  const fields = { ...settledFields(intent, charge), status: "succeeded" as const, amount_received: intent.amount };
  const succeeded = await change.update(intent, fields, null);
  await change.tell("payment_intent.succeeded", succeeded);
  const { dispute } = charge._conduct;
  if (dispute !== undefined) {
    const inquiry = dispute === "inquiry";
    await openDispute(change, charge, { inquiry, reason: inquiry ? "product_not_received" : dispute });
  }
  return succeeded;
}

function settledFields(intent: PaymentIntent, charge: Charge): Partial<PaymentIntent> {
  return {
    customer: intent.customer,
    last_payment_error: null,
    latest_charge: charge.id,
    next_action: null,
    payment_method: charge.payment_method,
  };
}

/** Stripe's fee, of no consequence here: 2.9 % and 30. */
async function bookCharge(change: Change, charge: Charge): Promise<Charge> {
  const { amount_captured: amount, currency } = charge;
  const fee = Math.round(amount * 0.029) + 30;
  const moved = await moveBalance(change, { amount, currency, source: charge.id, type: "charge", fee });
  return change.update(charge, { balance_transaction: moved.id }, null);
}
