// What Stripe is asked for in order to sell: customers, checkout sessions, the billing portal.
import type { Checkout, CheckoutOrder, CheckoutState, CustomerOrder } from "../../provider-actions.ts";
import { TallystickError } from "../../../kernel/errors.ts";
import { sha256 } from "../../../kernel/sha256.ts";
import { createClient, stripeApi, type ApiOptions } from "./api.ts";
import { explained, isMissing, isRefused } from "./explained.ts";
import { sessionOwner } from "./owner.ts";
import { findPrice } from "./price.ts";
import { idOf, record, required, text } from "./read.ts";
import type Stripe from "stripe";

/** How long one action may take, all its requests and retries together. A payment that is taken along needs seconds. */
const ACTION_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 15_000;
// The SDK repeats what got no answer, a 5xx, and a 409: another request of the same key is under way.
const RETRIES = 3;
const RETRIES_OF_ONE_CUSTOMER = 8;
const MAX_REFERENCE = 200;

export interface Asked {
  readonly stripe: Stripe;
  readonly signal: AbortSignal;
}

/** A client for one action. */
export async function clientFor(options: ApiOptions): Promise<Asked> {
  const signal = AbortSignal.timeout(ACTION_TIMEOUT_MS);
  const limits = { timeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES };
  return { stripe: await createClient(options, signal, limits), signal };
}

/** Exactly one customer for each key, whoever asks at once: what is sent may differ in nothing but the key. */
export async function createCustomer(options: ApiOptions, { userId, email, key }: CustomerOrder): Promise<string> {
  const { stripe } = await clientFor(options);
  return explained(async () => {
    const { id, email: known } = await stripe.customers.create(
      { metadata: { userId } },
      { idempotencyKey: `tallystick-customer-${key}`, maxNetworkRetries: RETRIES_OF_ONE_CUSTOMER },
    );
    if (email !== null && !known) await stripe.customers.update(id, { email });
    return id;
  });
}

export async function openCheckout(options: ApiOptions, order: CheckoutOrder): Promise<Checkout | null> {
  const { stripe, signal } = await clientFor(options);
  const price = await priceIdOf(options, signal, order.priceId);
  const metadata = { userId: order.userId, priceId: order.priceId };
  return explained(async () => {
    try {
      const session = await stripe.checkout.sessions.create(
        {
          mode: order.recurring ? "subscription" : "payment",
          customer: order.customerId,
          // For whoever looks at Stripe's dashboard; the metadata says it anyway, and takes longer ids.
          ...(order.userId.length <= MAX_REFERENCE && { client_reference_id: order.userId }),
          line_items: [{ price, quantity: order.quantity }],
          metadata,
          ...(order.recurring
            ? { subscription_data: { metadata, ...(order.trialDays > 0 && { trial_period_days: order.trialDays }) } }
            : {
                payment_intent_data: {
                  metadata,
                  ...(order.savePaymentMethod && { setup_future_usage: "off_session" as const }),
                },
              }),
          success_url: order.successUrl,
          cancel_url: order.cancelUrl,
          ...(order.allowPromotionCodes && { allow_promotion_codes: true }),
        },
        order.key === null ? {} : { idempotencyKey: `tallystick-checkout-${order.key}` },
      );
      if (order.recurring && !(await endEarlier(stripe, session.id, order)) && order.key !== null) {
        // The key's checkout of before: another has ended it since, unless it was paid.
        const { status } = await stripe.checkout.sessions.retrieve(session.id);
        if (status === "expired")
          return await openCheckout(options, { ...order, key: await sha256(`${order.key} ${session.id}`) });
      }
      return { checkoutId: session.id, url: required(text(session.url), "checkout url") };
    } catch (error) {
      if (isMissing(error, "customer")) return null;
      throw error;
    }
  });
}

/**
 * Ends open checkouts that were made before this one: Stripe lists the newest first. Of several made at once the last
 * stays. Answers whether this one is open.
 */
async function endEarlier(stripe: Stripe, checkoutId: string, order: CheckoutOrder): Promise<boolean> {
  let isEarlier = false;
  for await (const other of stripe.checkout.sessions.list({ customer: order.customerId, status: "open", limit: 100 })) {
    const priceId = text(record(other.metadata).priceId);
    if (isEarlier && other.mode === "subscription" && priceId !== null && order.replaces(priceId)) {
      await stripe.checkout.sessions.expire(other.id).catch((error: unknown) => {
        // It was paid or ended in the meantime.
        if (!isRefused(error)) throw error;
      });
    }
    isEarlier ||= other.id === checkoutId;
  }
  return isEarlier;
}

export async function checkoutState(options: ApiOptions, checkoutId: string): Promise<CheckoutState | null> {
  const { stripe } = await clientFor(options);
  return explained(async () => {
    try {
      const session = record(await stripe.checkout.sessions.retrieve(checkoutId));
      const status = text(session.status);
      const owner = sessionOwner(session);
      return {
        userId: owner.claimed === true ? null : owner.userId,
        status: status === "open" || status === "expired" ? status : "complete",
        priceId: text(record(session.metadata).priceId),
        invoiceId: idOf(session.invoice),
      };
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  });
}

export async function openPortal(
  options: ApiOptions,
  { customerId, returnUrl }: { customerId: string; returnUrl: string },
): Promise<string | null> {
  const { stripe } = await clientFor(options);
  return explained(async () => {
    try {
      const session = await stripe.billingPortal.sessions.create({ customer: customerId, return_url: returnUrl });
      return session.url;
    } catch (error) {
      if (isMissing(error, "customer")) return null;
      throw error;
    }
  });
}

/** Stripe's own id of a price that the catalog names. @throws invalid_state when Stripe has none */
export async function priceIdOf(options: ApiOptions, signal: AbortSignal, name: string): Promise<string> {
  const price = await findPrice(stripeApi(options, signal), name);
  if (price !== null) return required(text(price.id), "price id");
  throw new TallystickError(
    "invalid_state",
    `Stripe has no price ${name}, as an id or as a lookup key; payment.setUp (tallystick stripe setup) makes it.`,
  );
}
