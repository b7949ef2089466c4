// Payment intents: made, changed, cancelled. What happens when one is confirmed is in confirm.ts.
import type { Json } from "../../stripe/read.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import type { IntentStatus, Metadata, PaymentIntent } from "../store/document.ts";
import { createId } from "../store/ids.ts";

export interface NewIntent {
  readonly amount: number;
  readonly currency: string;
  readonly customer: string | null;
  readonly description?: string | null;
  readonly metadata?: Metadata;
  readonly capture_method?: string;
  readonly payment_method?: string | null;
  readonly payment_method_types?: readonly string[];
  readonly setup_future_usage?: string | null;
  readonly receipt_email?: string | null;
  readonly shipping?: Json | null;
  readonly invoice?: string | null;
  readonly session?: string | null;
}

export async function createIntent(change: Change, given: NewIntent): Promise<PaymentIntent> {
  const id = createId("pi");
  const document: PaymentIntent = {
    id,
    object: "payment_intent",
    amount: given.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: given.capture_method ?? "automatic",
    client_secret: createId(`${id}_secret`),
    confirmation_method: "automatic",
    created: change.now,
    currency: given.currency,
    customer: given.customer,
    customer_account: null,
    description: given.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: given.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: given.payment_method ?? null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: given.payment_method_types ?? ["card"],
    processing: null,
    receipt_email: given.receipt_email ?? null,
    review: null,
    setup_future_usage: given.setup_future_usage ?? null,
    shipping: given.shipping ?? null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: given.payment_method == null ? "requires_payment_method" : "requires_confirmation",
    transfer_data: null,
    transfer_group: null,
    _invoice: given.invoice ?? null,
    _session: given.session ?? null,
  };
  return change.create(document, "payment_intent.created");
}

const cancelable: ReadonlySet<IntentStatus> = new Set<IntentStatus>([
  "requires_payment_method",
  "requires_confirmation",
  "requires_action",
  "requires_capture",
  "processing",
]);

/** @throws Refusal when the intent is at its end */
export async function cancelIntent(
  change: Change,
  intent: PaymentIntent,
  reason: string | null,
): Promise<PaymentIntent> {
  if (!cancelable.has(intent.status)) throw unexpected(intent, "cancel");
  const fields = {
    status: "canceled" as const,
    canceled_at: change.now,
    cancellation_reason: reason,
    next_action: null,
  };
  return change.update(intent, { ...fields, amount_capturable: 0 }, "payment_intent.canceled");
}

export function unexpected(intent: PaymentIntent, verb: string) {
  return invalid(`You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`, {
    code: "payment_intent_unexpected_state",
  });
}
