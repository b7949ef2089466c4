// Money that goes back: refunds and disputes. They name the payment by its intent and its charge, and no customer.
import type { PaymentFact, ReturnState } from "../../provider.ts";
import { unanswered, type FactContext, type StripeApi } from "./api.ts";
import { currency, idOf, idsOf, integer, listed, record, required, text, time, type Json } from "./read.ts";

// Docs: docs.stripe.com/refunds#refund-statuses. A refund that succeeded may fail weeks later, when the bank sends it back.
const refundStages: Readonly<Record<string, number>> = {
  pending: 1,
  requires_action: 2,
  succeeded: 3,
  failed: 4,
  canceled: 4,
};

// An inquiry (warning_…) may become a chargeback, and a lost one be appealed. Docs: docs.stripe.com/disputes/how-disputes-work.
const disputeStages: Readonly<Record<string, number>> = {
  warning_needs_response: 1,
  warning_under_review: 2,
  warning_closed: 3,
  needs_response: 4,
  under_review: 5,
  prevented: 6,
  lost: 7,
  appeal_needs_response: 8,
  appeal_under_review: 9,
  won: 10,
};

const disputeOutcomes: Readonly<Record<string, ReturnState["outcome"]>> = {
  won: "won",
  lost: "lost",
  warning_closed: "withdrawn",
  prevented: "withdrawn",
};

/** `refund.created`, `refund.updated`, `refund.failed` and `charge.refund.updated`. */
export async function refundFacts(eventObject: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  const refundId = required(text(eventObject.id), "refund id");
  const read = await currentOf(eventObject, `refund ${refundId}`, context, async (api) => api.refund(refundId));
  return [factOf(read, readRefund(read.object), await invoiceOf(read.object, context))];
}

/** `charge.refunded`: tells a sum, and its refunds only in payloads before 2022-11-15; each has events of its own. */
export async function chargeRefundedFacts(charge: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  const chargeId = required(text(charge.id), "charge id");
  const refunds = await refundsOf(chargeId, charge, context);
  if (refunds.items.length === 0) return [];
  // All refunds of a charge are of its payment.
  const invoiceId = await invoiceOf(charge, context);
  return refunds.items.map((refund) => {
    const object = { payment_intent: charge.payment_intent, charge: chargeId, ...refund };
    return factOf({ object, current: refunds.current }, readRefund(object), invoiceId);
  });
}

/** `charge.dispute.*`. */
export async function disputeFacts(eventObject: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  const disputeId = required(text(eventObject.id), "dispute id");
  const read = await currentOf(eventObject, `dispute ${disputeId}`, context, async (api) => api.dispute(disputeId));
  return [factOf(read, readDispute(read.object), await invoiceOf(read.object, context))];
}

interface Read {
  readonly object: Json;
  /** What Stripe said just now; false: the event's own word. */
  readonly current: boolean;
}

async function currentOf(
  eventObject: Json,
  name: string,
  { api }: FactContext,
  ask: (api: StripeApi) => ReturnType<StripeApi["refund"]>,
): Promise<Read> {
  if (api === null) return { object: eventObject, current: false };
  const answer = await ask(api);
  if (answer.outcome === "found") return { object: answer.value, current: true };
  if (answer.outcome === "missing") return { object: eventObject, current: false };
  throw unanswered(name, answer);
}

async function refundsOf(chargeId: string, charge: Json, { api }: FactContext) {
  const told = { items: listed(charge.refunds), current: false };
  if (api === null) return told;
  const answer = await api.refundsOfCharge(chargeId);
  if (answer.outcome === "found") return { items: answer.value, current: true };
  if (answer.outcome === "missing") return told;
  throw unanswered(`refunds of charge ${chargeId}`, answer);
}

function factOf({ object, current }: Read, returned: ReturnState, invoiceId: string | null): PaymentFact {
  const references = idsOf(object.payment_intent, object.charge);
  return { kind: "payment_returned", references, invoiceId, returned, current };
}

// Since API 2025-03-31 nothing but the list of an invoice's payments leads from an intent to its invoice.
async function invoiceOf(returned: Json, { api }: FactContext): Promise<string | null> {
  const intentId = idOf(returned.payment_intent);
  if (api === null || intentId === null) return null;
  const answer = await api.invoicePayments(intentId);
  if (answer.outcome === "found") return idOf(answer.value[0]?.invoice);
  // A restricted key may lack this permission: the payment is found by its intent, where that was told.
  if (answer.outcome === "missing" || answer.outcome === "refused") return null;
  throw unanswered(`invoice of payment intent ${intentId}`, answer);
}

function readRefund(refund: Json): ReturnState {
  const status = text(refund.status) ?? "succeeded";
  return {
    returnId: required(text(refund.id), "refund id"),
    type: "refund",
    status,
    stage: refundStages[status] ?? 2,
    money: readMoney(refund, "refund amount"),
    stands: status !== "failed" && status !== "canceled",
    inquiry: false,
    outcome: null,
    answerBy: null,
  };
}

function readDispute(dispute: Json): ReturnState {
  const status = required(text(dispute.status), "dispute status");
  return {
    returnId: required(text(dispute.id), "dispute id"),
    type: "dispute",
    status,
    stage: disputeStages[status] ?? 5,
    money: readMoney(dispute, "dispute amount"),
    stands: isWithdrawn(dispute, status),
    inquiry: status.startsWith("warning_"),
    outcome: disputeOutcomes[status] ?? null,
    answerBy: time(record(dispute.evidence_details).due_by),
  };
}

// An inquiry moves no money. A chargeback's money leaves with its first balance transaction, which some ways of paying
// write only later; its sign is read and not its amount, because that is in the currency that is paid out.
function isWithdrawn(dispute: Json, status: string): boolean {
  if (status === "won" || status === "prevented" || status.startsWith("warning_")) return false;
  if (status === "lost" || !Array.isArray(dispute.balance_transactions)) return true;
  const moved = dispute.balance_transactions.map((transaction) => integer(record(transaction).amount) ?? 0);
  return moved.reduce((sum, amount) => sum + amount, 0) < 0;
}

function readMoney(object: Json, name: string): ReturnState["money"] {
  return { amount: required(integer(object.amount), name), currency: currency(object.currency) };
}
