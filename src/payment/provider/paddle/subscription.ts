// Subscriptions. Their state is re-read from Paddle where a key is configured; without one the events order themselves by
// the time of the change, which Paddle tells to the microsecond.
import type { PaymentFact, SubscriptionItem, SubscriptionState } from "../../provider.ts";
import { integer, record, records, text, type Json } from "../json.ts";
import { unanswered, type FactContext } from "./api.ts";
import { ownerOf, required, time } from "./read.ts";

/** `subscription.*`; what Paddle says now wins, also over an event that tells of the end. */
export async function subscriptionFacts(data: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  const current = await currentOf(data, context);
  return [{ kind: "subscription_changed", owner: ownerOf(current), subscription: readState(current) }];
}

async function currentOf(data: Json, { api }: FactContext): Promise<Json> {
  const subscriptionId = readId(data);
  if (api === null) return data;
  const answer = await api.subscription(subscriptionId);
  if (answer.outcome === "found") return answer.value;
  if (answer.outcome === "missing") return data;
  throw unanswered(`subscription ${subscriptionId}`, answer);
}

function readId(subscription: Json): string {
  return required(text(subscription.id), "subscription id");
}

function readState(subscription: Json): SubscriptionState {
  const items = records(subscription.items);
  const period = record(subscription.current_billing_period);
  const scheduled = record(subscription.scheduled_change);
  const isCancelling = scheduled.action === "cancel";
  const status = required(text(subscription.status), "subscription status");
  const canceledAt = time(subscription.canceled_at);
  return {
    subscriptionId: readId(subscription),
    // The same words as the port's.
    status,
    items: readItems(items),
    currentPeriodStart: time(period.starts_at),
    currentPeriodEnd: time(period.ends_at),
    cancelAtPeriodEnd: isCancelling,
    cancelAt: isCancelling ? time(scheduled.effective_at) : null,
    canceledAt,
    endedAt: status === "canceled" ? canceledAt : null,
    trialEnd: items.map((item) => time(record(item.trial_dates).ends_at)).find((end) => end !== null) ?? null,
    asOf: time(subscription.updated_at) === null ? null : text(subscription.updated_at),
  };
}

// What is charged once, with the first bill, is no part of the subscription.
function readItems(items: readonly Json[]): readonly SubscriptionItem[] {
  return items.flatMap((item) => {
    const priceId = text(record(item.price).id);
    return priceId === null || item.recurring === false ? [] : [{ priceId, quantity: integer(item.quantity) ?? 1 }];
  });
}
