// One simulated customer: known to Stripe under a customer on a test clock of its own, and to the application by a user id.
import type Stripe from "stripe";
import { createRandom, type Random } from "./random.ts";

export interface Life {
  readonly userId: string;
  readonly customer: string;
  readonly clock: string;
  readonly random: Random;
  /** The test clock's time, in seconds. */
  now: number;
  /** The subscription that was made last. */
  subscription: string | null;
  hadYear: boolean;
  hadLifetime: boolean;
}

export interface LifeContext {
  readonly sdk: Stripe;
  /** Asks the sandbox's control API. */
  readonly control: <T>(path: string, body?: object) => Promise<T>;
}

export const DAY_S = 86_400;
export const GOOD_CARD = "pm_card_visa";
export const FAILING_CARD = "pm_card_chargeCustomerFail";

export async function beginLife({ sdk }: LifeContext, seed: number, index: number): Promise<Life> {
  const userId = `user-${String(index).padStart(4, "0")}`;
  const random = createRandom(seed, `life:${userId}`);
  // Any time of the year, because months differ; at noon, because days do not.
  const now = Date.UTC(2027, 0, random.whole(1, 365), 12) / 1000;
  const clock = await sdk.testHelpers.testClocks.create({ frozen_time: now });
  const customer = await sdk.customers.create({
    test_clock: clock.id,
    metadata: { userId },
    payment_method: GOOD_CARD,
    invoice_settings: { default_payment_method: GOOD_CARD },
  });
  return {
    userId,
    customer: customer.id,
    clock: clock.id,
    random,
    now,
    subscription: null,
    hadYear: false,
    hadLifetime: false,
  };
}

/** Lets the customer's time pass. */
export async function pass({ sdk }: LifeContext, life: Life, days: number): Promise<void> {
  life.now += Math.round(days * DAY_S);
  await sdk.testHelpers.testClocks.advance(life.clock, { frozen_time: life.now });
}

/** From now on the customer pays with this card, and so does the subscription. */
export async function useCard({ sdk }: LifeContext, life: Life, card: string): Promise<void> {
  const method = await sdk.paymentMethods.attach(card, { customer: life.customer });
  await sdk.customers.update(life.customer, { invoice_settings: { default_payment_method: method.id } });
  if (life.subscription !== null) {
    await sdk.subscriptions.update(life.subscription, { default_payment_method: method.id });
  }
}
