// Renewals as Stripe tells them, of recorded size: invoice.paid and customer.subscription.updated, each with ids of its
// own, truly signed with one of several secrets.
import Stripe from "stripe";
import { readRecording, type Recording } from "../../test/scenarios/read-recording.ts";

export interface SignedEvent {
  readonly body: string;
  readonly signature: string;
}

export const priceId = "price_pro_monthly";
/** Renewals come from users that are known. */
export const users = 2000;

const paid = recorded("invoice.paid", { list: "zulip-2025-11-17.clover/upgrade_by_card" });
const updated = recorded("customer.subscription.updated", {
  event: "stripe-ruby-mock/customer.subscription.updated.json",
});

/** An invoice's line grants once, so `index` is to be unique; in turn with the subscription's update when mixed. */
export function renewal(index: number, userId: string): string {
  const { object } = paid.data;
  const [line] = (object["lines"] as { readonly data: readonly Record<string, unknown>[] }).data;
  const subscription = `sub_${userId}`;
  return eventBody(paid, index, {
    ...object,
    id: `in_${index}`,
    customer: `cus_${userId}`,
    parent: { type: "subscription_details", subscription_details: { subscription, metadata: { userId } } },
    lines: {
      object: "list",
      has_more: false,
      data: [
        {
          ...line,
          id: `il_${index}`,
          invoice: `in_${index}`,
          quantity: 1,
          parent: { type: "subscription_item_details", subscription_item_details: { subscription, proration: false } },
          pricing: { type: "price_details", price_details: { price: priceId, product: "prod_1" } },
        },
      ],
    },
  });
}

export function mixed(index: number): string {
  // Both of a pair are one user's: they are told at the same moment, and share a lane.
  const userId = `user-${(index >> 1) % users}`;
  if (index % 2 === 0) return renewal(index, userId);
  const { object } = updated.data;
  return eventBody(updated, index, {
    ...object,
    id: `sub_${userId}`,
    customer: `cus_${userId}`,
    status: "active",
    metadata: { userId },
  });
}

export function createSigner(secrets: readonly string[]): (body: string, index: number) => SignedEvent {
  const { webhooks } = new Stripe("sk_test_unused");
  return (payload, index) => ({
    body: payload,
    signature: webhooks.generateTestHeaderString({ payload, secret: secrets[index % secrets.length] ?? "" }),
  });
}

function eventBody(event: Recording, index: number, object: Record<string, unknown>): string {
  const created = Math.floor(Date.now() / 1000);
  return JSON.stringify({ ...event, id: `evt_${index}`, created, livemode: false, data: { ...event.data, object } });
}

function recorded(type: string, source: Parameters<typeof readRecording>[0]["sources"][number]): Recording {
  const event = readRecording({ sources: [source] }).find((candidate) => candidate.type === type);
  if (event === undefined) throw new Error(`the recording has no ${type}`);
  return event;
}
