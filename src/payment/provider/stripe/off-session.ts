// Charging a customer who is not there: an invoice outside a subscription, paid with a card that the customer left. The
// invoice's id is remembered by the caller before it is paid, and an invoice is paid once: whatever answer is lost, asking
// again finds what became of it.
import type Stripe from "stripe";
import type { ChargeOrder, ChargeOutcome, StoredCharge, VoidOutcome } from "../../provider-actions.ts";
import type { PaymentFact } from "../../provider.ts";
import { TallystickError } from "../../../kernel/errors.ts";
import { createClient, stripeApi, type ApiOptions } from "./api.ts";
import { explained, isMissing } from "./explained.ts";
import { invoicePaidFacts } from "./invoice.ts";
import { findPrice } from "./price.ts";
import { sdkErrors } from "./sdk.ts";
import type { PriceNames } from "./price-names.ts";
import { currency, idOf, listed, record, required, text, type Json } from "./read.ts";

const REQUEST_TIMEOUT_MS = 10_000;
// Stripe answers with a stored 500 under the key that met it: after a few tries the payment is asked for under another.
const TRIES_OF_A_KEY = 4;
const needsPayer = new Set(["authentication_required", "invoice_payment_intent_requires_action"]);

interface Charging {
  readonly options: ApiOptions;
  readonly names: PriceNames;
}

export async function chargeOffSession({ options, names }: Charging, order: ChargeOrder): Promise<ChargeOutcome> {
  const stripe = await clientOf(options, order);
  return explained(async () => {
    const method = await methodOf(stripe, order.customerId);
    const declined = (code: string): ChargeOutcome => ({ outcome: "declined", code });
    if (order.invoiceId === null && method === null) return declined("no_payment_method");
    const invoiceId = order.invoiceId ?? (await draft(stripe, options, order));
    const open = await finalized(stripe, invoiceId, order.key);
    if (open.status === "paid") return { outcome: "paid", facts: await factsOf(open, { options, names }, order) };
    if (open.status !== "open") return declined(`invoice_${text(open.status) ?? "unknown"}`);
    const refusal = method === null ? "no_payment_method" : await pay(stripe, { invoiceId, method }, order);
    if (refusal !== null && needsPayer.has(refusal)) {
      return { outcome: "action_required", payUrl: text(open.hosted_invoice_url) };
    }
    // Paid or not is the invoice's own word, also where the refusal was that it is paid already.
    const tried = await retrieve(stripe, invoiceId);
    if (tried.status === "paid") return { outcome: "paid", facts: await factsOf(tried, { options, names }, order) };
    if (refusal === null) throw unsettled(invoiceId);
    const ended = await end(stripe, tried, { ...order, invoiceId });
    if (ended.status === "paid") return { outcome: "paid", facts: await factsOf(ended, { options, names }, order) };
    return declined(refusal);
  });
}

export async function voidCharge(charging: Charging, charge: StoredCharge): Promise<VoidOutcome> {
  const stripe = await clientOf(charging.options, charge);
  return explained(async () => {
    const present = await retrieve(stripe, charge.invoiceId);
    const ended = present.status === "paid" ? present : await end(stripe, present, charge);
    if (ended.status !== "paid") return { outcome: "void" };
    return { outcome: "paid", facts: await factsOf(ended, charging, charge) };
  });
}

// Answers the invoice as it is then.
async function end(
  stripe: Stripe,
  invoice: Json,
  { invoiceId, key }: Pick<StoredCharge, "invoiceId" | "key">,
): Promise<Json> {
  if (invoice.status === "draft") {
    await stripe.invoices.del(invoiceId);
    return { status: "deleted" };
  }
  if (invoice.status === "open" || invoice.status === "uncollectible") {
    try {
      return await voided(stripe, invoiceId, key);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // It was paid at this moment, or it was voided by hand.
      return retrieve(stripe, invoiceId);
    }
  }
  return invoice;
}

// The customer's own choice, else the card that was left last. A debit that settles in days is no help to who runs out now.
async function methodOf(stripe: Stripe, customerId: string): Promise<string | null> {
  const expand = ["invoice_settings.default_payment_method"];
  try {
    const customer = record(await stripe.customers.retrieve(customerId, { expand }));
    if (customer.deleted === true) return null;
    const standard = record(record(customer.invoice_settings).default_payment_method);
    if (standard.type === "card" || standard.type === "link") return idOf(standard);
    const [newest] = listed(await stripe.customers.listPaymentMethods(customerId, { type: "card", limit: 1 }));
    return newest === undefined ? null : idOf(newest);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function draft(stripe: Stripe, options: ApiOptions, order: ChargeOrder): Promise<string> {
  const { customerId, priceId, key, metadata } = order;
  const price = await findPrice(stripeApi(options, order.signal), priceId);
  if (price === null) throw new TallystickError("invalid_state", `Stripe has no price ${priceId}.`);
  const invoice = await stripe.invoices.create(
    {
      customer: customerId,
      // Of several currencies the price is asked for in its own.
      currency: currency(price.currency),
      collection_method: "charge_automatically",
      // Left alone it would be charged again by Stripe's own schedule.
      auto_advance: false,
      pending_invoice_items_behavior: "exclude",
      metadata,
    },
    { idempotencyKey: keyOf(key, "invoice") },
  );
  const id = required(text(invoice.id), "invoice id");
  await stripe.invoiceItems.create(
    {
      customer: customerId,
      invoice: id,
      pricing: { price: required(text(price.id), "price id") },
      quantity: order.quantity,
      metadata,
    },
    { idempotencyKey: keyOf(key, "item") },
  );
  await order.onInvoice(id);
  return id;
}

async function finalized(stripe: Stripe, invoiceId: string, key: string): Promise<Json> {
  const present = await retrieve(stripe, invoiceId);
  if (present.status !== "draft") return present;
  await stripe.invoices.finalizeInvoice(invoiceId, { auto_advance: false }, { idempotencyKey: keyOf(key, "finalize") });
  return retrieve(stripe, invoiceId);
}

/** Null: it went through. Else why not, as Stripe names it. */
async function pay(
  stripe: Stripe,
  { invoiceId, method }: { invoiceId: string; method: string },
  { key, attempt }: ChargeOrder,
): Promise<string | null> {
  const tries = Math.ceil(attempt / TRIES_OF_A_KEY);
  try {
    await stripe.invoices.pay(
      invoiceId,
      { off_session: true, payment_method: method },
      { idempotencyKey: keyOf(key, `pay-${method}-${tries}`) },
    );
    return null;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // The bank's word is more exact than Stripe's; where there is none the SDK has an empty text.
    return [error.decline_code, error.code].find((code) => code !== undefined && code !== "") ?? "declined";
  }
}

// A refusal of what was asked. All else is no word about the card: it is asked again.
function isRefusal(error: unknown): error is Stripe.errors.StripeError {
  const errors = sdkErrors();
  if (errors === undefined || !(error instanceof errors.StripeError)) return false;
  if (error instanceof errors.StripeIdempotencyError) return false;
  return error.statusCode === 400 || error.statusCode === 402 || error.statusCode === 404;
}

async function voided(stripe: Stripe, invoiceId: string, key: string): Promise<Json> {
  return record(await stripe.invoices.voidInvoice(invoiceId, {}, { idempotencyKey: keyOf(key, "void") }));
}

async function retrieve(stripe: Stripe, invoiceId: string): Promise<Json> {
  return record(await stripe.invoices.retrieve(invoiceId, { expand: ["payments"] }));
}

async function factsOf(
  invoice: Json,
  { options, names }: Charging,
  { signal, knowsPrice }: Pick<StoredCharge, "signal" | "knowsPrice">,
): Promise<readonly PaymentFact[]> {
  const api = stripeApi(options, signal);
  const facts = await invoicePaidFacts(invoice, { api, attempt: 1, mayAssume: false });
  return names.name(facts, knowsPrice, api);
}

async function clientOf(options: ApiOptions, { signal }: { readonly signal: AbortSignal }): Promise<Stripe> {
  // Whoever asks repeats: with the SDK's own tries too a load would not end in time.
  return createClient(options, signal, { timeoutMs: REQUEST_TIMEOUT_MS, retries: 0 });
}

function keyOf(key: string, step: string): string {
  return `tallystick-top-up-${key}-${step}`;
}

function unsettled(invoiceId: string): TallystickError {
  return new TallystickError(
    "provider_unavailable",
    `Stripe has taken the payment of ${invoiceId} and not settled it.`,
  );
}
