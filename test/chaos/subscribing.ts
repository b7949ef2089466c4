// What a customer does with subscriptions: begins one, lets it renew, changes its plan, fails to pay, pays again, cancels.
import type Stripe from "stripe";
import { payOnPage } from "../support/sandbox-client.ts";
import { FAILING_CARD, GOOD_CARD, pass, useCard, type Life, type LifeContext } from "./life.ts";
import { monthlyTerms, yearlyTerms } from "./terms.ts";

export type Step = (context: LifeContext, life: Life) => Promise<void>;

export const subscribe: Step = async ({ sdk }, life) => {
  const { id: price } = life.random.pick(monthlyTerms);
  const subscription = await sdk.subscriptions.create({
    customer: life.customer,
    items: [{ price, quantity: life.random.weighted([[4, 1] as const, [1, 2] as const]) }],
    metadata: { userId: life.userId },
    ...(life.random.chance(0.15) && { trial_period_days: 14 }),
  });
  life.subscription = subscription.id;
};

export const subscribeOnPage: Step = async ({ sdk }, life) => {
  const { id: price } = life.random.pick(monthlyTerms);
  const session = await sdk.checkout.sessions.create({
    mode: "subscription",
    customer: life.customer,
    line_items: [{ price, quantity: 1 }],
    success_url: "https://app.test/thanks",
    metadata: { userId: life.userId },
    subscription_data: { metadata: { userId: life.userId } },
  });
  await payOnPage(session);
  const paid = await sdk.checkout.sessions.retrieve(session.id);
  life.subscription = typeof paid.subscription === "string" ? paid.subscription : (paid.subscription?.id ?? null);
};

export const subscribeForYear: Step = async ({ sdk }, life) => {
  life.hadYear = true;
  const subscription = await sdk.subscriptions.create({
    customer: life.customer,
    items: [{ price: yearlyTerms.id }],
    metadata: { userId: life.userId },
  });
  life.subscription = subscription.id;
};

/** The card is declined from the first payment on: the subscription waits for another. */
export const subscribeInVain: Step = async (context, life) => {
  await useCard(context, { ...life, subscription: null }, FAILING_CARD);
  await subscribe(context, life);
};

export const renew: Step = async (context, life) => pass(context, life, 31.1);

export const letDaysPass: Step = async (context, life) => pass(context, life, life.random.whole(1, 12));

export const changePlan: Step = async ({ sdk }, life) => {
  const subscription = await current(sdk, life);
  const [item] = subscription.items.data;
  const others = monthlyTerms.filter(({ id }) => id !== item?.price.id);
  await sdk.subscriptions.update(subscription.id, {
    items: [{ id: item?.id ?? "", price: life.random.pick(others).id }],
    proration_behavior: life.random.pick(["create_prorations", "always_invoice", "none"] as const),
  });
};

export const failToRenew: Step = async (context, life) => {
  await useCard(context, life, FAILING_CARD);
  await pass(context, life, 31.1);
};

export const payAgain: Step = async (context, life) => {
  await useCard(context, life, GOOD_CARD);
  const subscription = await current(context.sdk, life);
  const open = await context.sdk.invoices.list({ subscription: subscription.id, status: "open" });
  // By hand, or by the next retry of the dunning.
  if (life.random.chance(0.5)) for (const invoice of open.data) await context.sdk.invoices.pay(invoice.id);
  else await pass(context, life, 5);
};

export const giveUp: Step = async (context, life) => pass(context, life, 25);

export const cancelNow: Step = async ({ sdk }, life) => {
  await sdk.subscriptions.cancel((await current(sdk, life)).id);
};

export const cancelAtEnd: Step = async ({ sdk }, life) => {
  const subscription = await current(sdk, life);
  await sdk.subscriptions.update(subscription.id, { cancel_at_period_end: !subscription.cancel_at_period_end });
};

async function current(sdk: Stripe, { subscription }: Life): Promise<Stripe.Subscription> {
  return sdk.subscriptions.retrieve(subscription ?? "");
}

/** Steps that the present state of the subscription allows, with their weights. */
export async function subscriptionSteps({ sdk }: LifeContext, life: Life): Promise<(readonly [number, Step])[]> {
  const subscription = life.subscription === null ? null : await current(sdk, life);
  const yearly = subscription?.items.data[0]?.price.id === yearlyTerms.id;
  const status = subscription?.status ?? "none";
  if (status === "active" || status === "trialing") {
    const ends: (readonly [number, Step])[] = [
      [0.7, cancelNow],
      [1, cancelAtEnd],
    ];
    // A year's renewals are not walked to: its months are given by the ledger's clock, which is the real one.
    return yearly ? ends : [...ends, [5, renew], [1.5, letDaysPass], [2.5, changePlan], [1.5, failToRenew]];
  }
  if (status === "past_due" || status === "unpaid" || status === "incomplete") {
    return [
      [3, payAgain],
      [1.5, giveUp],
    ];
  }
  return [
    [5, subscribe],
    [3, subscribeOnPage],
    [0.7, subscribeInVain],
    [life.hadYear ? 0 : 1, subscribeForYear],
  ];
}
