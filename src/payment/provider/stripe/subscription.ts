// Subscriptions. Events arrive in any order, so their state is re-read from Stripe where a key is configured.
import type { PaymentFact, SubscriptionItem, SubscriptionState } from "../../provider.ts";
import { unanswered, type FactContext } from "./api.ts";
import { subscriptionOwner } from "./owner.ts";
import { idOf, integer, listed, required, text, time, type Json } from "./read.ts";

type SubscriptionChanged = Extract<PaymentFact, { kind: "subscription_changed" }>;

/** `customer.subscription.*`; what Stripe says now wins, also over an event that tells of the end. */
export async function subscriptionFacts(eventObject: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  return [changedFact(await currentOf(eventObject, context))];
}

export function changedFact(current: Json): SubscriptionChanged {
  return { kind: "subscription_changed", owner: subscriptionOwner(current), subscription: readState(current) };
}

/** `customer.subscription.trial_will_end`: three days before, or at once where a trial is shorter or was cut short. */
export async function trialEndingFacts(eventObject: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  const current = await currentOf(eventObject, context);
  const owner = subscriptionOwner(current);
  const subscription = readState(current);
  const { subscriptionId, status, items, trialEnd } = subscription;
  const changed: PaymentFact = { kind: "subscription_changed", owner, subscription };
  if (status !== "trialing" || trialEnd === null) return [changed];
  return [changed, { kind: "trial_ending", owner, subscriptionId, items, trialEnd }];
}

async function currentOf(eventObject: Json, { api }: FactContext): Promise<Json> {
  const subscriptionId = readId(eventObject);
  if (api === null) return eventObject;
  const answer = await api.subscription(subscriptionId);
  if (answer.outcome === "found") return answer.value;
  if (answer.outcome === "missing") return eventObject;
  throw unanswered(`subscription ${subscriptionId}`, answer);
}

function readId(subscription: Json): string {
  return required(text(subscription.id), "subscription id");
}

// Since API 2025-03-31 the period belongs to the item.
function readState(subscription: Json): SubscriptionState {
  const item = listed(subscription.items)[0] ?? {};
  return {
    subscriptionId: readId(subscription),
    status: required(text(subscription.status), "subscription status"),
    items: readItems(subscription),
    currentPeriodStart: time(item.current_period_start) ?? time(subscription.current_period_start),
    currentPeriodEnd: time(item.current_period_end) ?? time(subscription.current_period_end),
    cancelAtPeriodEnd: subscription.cancel_at_period_end === true,
    cancelAt: time(subscription.cancel_at),
    canceledAt: time(subscription.canceled_at),
    endedAt: time(subscription.ended_at),
    trialEnd: time(subscription.trial_end),
    // An event's time counts seconds, and several states may share one.
    asOf: null,
  };
}

// The oldest payloads have one plan and no items.
function readItems(subscription: Json): readonly SubscriptionItem[] {
  const items = listed(subscription.items);
  return (items.length > 0 ? items : [subscription]).flatMap((item) => {
    const priceId = idOf(item.price) ?? idOf(item.plan);
    return priceId === null ? [] : [{ priceId, quantity: integer(item.quantity) ?? 1 }];
  });
}
