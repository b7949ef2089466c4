// The one list of event types that have an effect, each with the reader that says what happened. transaction.completed
// alone grants: at transaction.paid, which it always follows, the subscription may not be known yet, and Paddle's own
// advice is to provision by completed (developer.paddle.com/changelog/2023/transaction-paid-event-status).
import type { PaymentFact } from "../../provider.ts";
import type { Json } from "../json.ts";
import { adjustmentFacts } from "./adjustment.ts";
import type { FactContext } from "./api.ts";
import { subscriptionFacts } from "./subscription.ts";
import { transactionCompletedFacts, transactionFailedFacts } from "./transaction.ts";

type FactReader = (data: Json, context: FactContext) => readonly PaymentFact[] | Promise<readonly PaymentFact[]>;

const readers: ReadonlyMap<string, FactReader> = new Map<string, FactReader>([
  ["transaction.completed", transactionCompletedFacts],
  ["transaction.payment_failed", transactionFailedFacts],
  ["transaction.past_due", transactionFailedFacts],
  ["subscription.created", subscriptionFacts],
  ["subscription.imported", subscriptionFacts],
  ["subscription.activated", subscriptionFacts],
  ["subscription.trialing", subscriptionFacts],
  ["subscription.updated", subscriptionFacts],
  ["subscription.past_due", subscriptionFacts],
  ["subscription.paused", subscriptionFacts],
  ["subscription.resumed", subscriptionFacts],
  ["subscription.canceled", subscriptionFacts],
  ["adjustment.created", adjustmentFacts],
  ["adjustment.updated", adjustmentFacts],
]);

export function isHandled(type: string): boolean {
  return readers.has(type);
}

/** The facts of an event's data; none for types without an effect. */
export async function factsOf(type: string, data: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  return (await readers.get(type)?.(data, context)) ?? [];
}
