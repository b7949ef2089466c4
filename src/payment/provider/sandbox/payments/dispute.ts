// Disputes: an inquiry moves no money, a chargeback takes it with a fee, and a won one gives it back.
import type { Json } from "../../stripe/read.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import type { Charge, Dispute, DisputeStatus } from "../store/document.ts";
import { createId } from "../store/ids.ts";
import { moveBalance } from "./charge.ts";
import { noEvidence } from "./evidence.ts";

const DAY_S = 86_400;
const DAYS_TO_ANSWER = 9;
const FEE = 1_500;

export interface NewDispute {
  readonly inquiry: boolean;
  readonly reason: string;
  /** The whole charge where nothing is said. */
  readonly amount?: number | null;
}

/** Opens an inquiry, or a chargeback whose money leaves at once. @throws Refusal */
export async function openDispute(change: Change, charge: Charge, given: NewDispute): Promise<Dispute> {
  if (charge.status !== "succeeded") throw invalid(`Charge ${charge.id} has taken no money that could be disputed.`);
  const amount = given.amount ?? charge.amount_captured;
  if (amount < 1 || amount > charge.amount_captured) {
    throw invalid(`Dispute amount (${amount}) must be from 1 to ${charge.amount_captured}.`, { param: "amount" });
  }
  const document: Dispute = {
    id: createId("du"),
    object: "dispute",
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: change.now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence,
    evidence_details: {
      due_by: change.now + DAYS_TO_ANSWER * DAY_S,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
    },
    is_charge_refundable: given.inquiry,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: { brand: "visa", case_type: given.inquiry ? "inquiry" : "chargeback", network_reason_code: "10.4" },
      type: "card",
    },
    reason: given.reason,
    status: given.inquiry ? "warning_needs_response" : "needs_response",
  };
  await change.update(charge, { disputed: true }, "charge.updated");
  const dispute = await change.create(document, "charge.dispute.created");
  return given.inquiry ? dispute : withdraw(change, dispute);
}

/** An inquiry becomes a chargeback. @throws Refusal */
export async function escalateDispute(change: Change, dispute: Dispute): Promise<Dispute> {
  if (!dispute.status.startsWith("warning_")) throw invalid("Only an inquiry can become a chargeback.");
  const fields = { status: "needs_response" as const, is_charge_refundable: false };
  return withdraw(change, await change.update(dispute, fields, "charge.dispute.updated"));
}

/** The bank decides. An inquiry that is won or lost closes without money having moved. @throws Refusal */
export async function closeDispute(change: Change, dispute: Dispute, decision: "won" | "lost"): Promise<Dispute> {
  if (isClosed(dispute.status)) throw invalid("This dispute is already closed.", { code: "dispute_already_closed" });
  const inquiry = dispute.status.startsWith("warning_");
  const status: DisputeStatus = inquiry ? "warning_closed" : decision;
  const closed = await change.update(dispute, { status }, "charge.dispute.closed");
  if (status !== "won") return closed;
  const moved = await move(change, closed, { amount: closed.amount, fee: 0 });
  return change.update(
    closed,
    { balance_transactions: [...closed.balance_transactions, moved] },
    "charge.dispute.funds_reinstated",
  );
}

/** Submits evidence; the well-known texts decide at once. Docs: docs.stripe.com/testing#evidence. */
export async function answerDispute(
  change: Change,
  dispute: Dispute,
  { evidence, submit, metadata }: { evidence: Json; submit: boolean; metadata: Dispute["metadata"] },
): Promise<Dispute> {
  const answered = Object.keys(evidence).length > 0;
  if (answered && isClosed(dispute.status)) {
    throw invalid("This dispute is already closed.", { code: "dispute_already_closed" });
  }
  const submits = answered && submit;
  const review = dispute.status.startsWith("warning_") ? ("warning_under_review" as const) : ("under_review" as const);
  const details = {
    ...dispute.evidence_details,
    has_evidence: answered || dispute.evidence_details.has_evidence,
    submission_count: dispute.evidence_details.submission_count + (submits ? 1 : 0),
  };
  const fields = { metadata, evidence: { ...dispute.evidence, ...evidence }, evidence_details: details };
  const status = submits ? review : dispute.status;
  const updated = await change.update(dispute, { ...fields, status }, "charge.dispute.updated");
  const text = submits ? evidence["uncategorized_text"] : undefined;
  if (text === "winning_evidence") return closeDispute(change, updated, "won");
  return text === "losing_evidence" ? closeDispute(change, updated, "lost") : updated;
}

function isClosed(status: DisputeStatus): boolean {
  return status === "won" || status === "lost" || status === "warning_closed";
}

async function withdraw(change: Change, dispute: Dispute): Promise<Dispute> {
  const moved = await move(change, dispute, { amount: -dispute.amount, fee: FEE });
  const fields = { balance_transactions: [...dispute.balance_transactions, moved] };
  return change.update(dispute, fields, "charge.dispute.funds_withdrawn");
}

async function move(change: Change, dispute: Dispute, { amount, fee }: { amount: number; fee: number }) {
  const { currency, charge } = dispute;
  const description = `Chargeback ${amount < 0 ? "withdrawal" : "reversal"} for ${charge}`;
  return moveBalance(change, { amount, currency, fee, source: dispute.id, type: "adjustment", description });
}
