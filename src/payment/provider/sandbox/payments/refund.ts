// Refunds. A refund may succeed at once, be pending, or fail later, when the money comes back.
import type { Json } from "../../stripe/read.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import type { Charge, Metadata, Refund } from "../store/document.ts";
import { createId } from "../store/ids.ts";
import { moveBalance } from "./charge.ts";

export interface NewRefund {
  readonly amount: number | null;
  readonly reason: string | null;
  readonly metadata: Metadata;
}

/** Gives money back; all that is left of the charge where no amount is named. @throws Refusal */
export async function refundCharge(change: Change, charge: Charge, given: NewRefund): Promise<Refund> {
  if (charge.status !== "succeeded") {
    throw invalid(`Charge ${charge.id} has not succeeded and can't be refunded.`, { param: "charge" });
  }
  const left = charge.amount_captured - charge.amount_refunded;
  if (left === 0) {
    throw invalid(`Charge ${charge.id} has already been refunded.`, { code: "charge_already_refunded" });
  }
  const amount = given.amount ?? left;
  if (amount < 1 || amount > left) {
    throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
      param: "amount",
    });
  }
  const { refund: conduct } = charge._conduct;
  const id = createId("re");
  const moved = await moveBalance(change, { amount: -amount, currency: charge.currency, source: id, type: "refund" });
  const document: Refund = {
    id,
    object: "refund",
    amount,
    balance_transaction: moved.id,
    charge: charge.id,
    created: change.now,
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: { card: { reference_status: "pending", type: "refund" }, type: "card" },
    metadata: given.metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: given.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: conduct === "pending" ? "pending" : "succeeded",
    transfer_reversal: null,
  };
  const refund = await change.create(document, "refund.created");
  const refunded = await countRefunds(change, charge);
  await change.tell("charge.refunded", refunded.after, refunded.before);
  if (conduct === "pending") await change.plan(refund.id, "settle_refund", change.now);
  if (conduct === "fails") await change.plan(refund.id, "fail_refund", change.now);
  return refund;
}

/** A pending refund comes through. */
export async function settleRefund(change: Change, refund: Refund): Promise<Refund> {
  return refund.status === "pending" ? updateRefund(change, refund, { status: "succeeded" }) : refund;
}

/** The payer's bank sends the money back. @throws Refusal when the refund has ended another way */
export async function failRefund(change: Change, refund: Refund): Promise<Refund> {
  return endRefund(change, refund, { status: "failed", failure_reason: "unknown" });
}

/** Only a refund that is still pending can be cancelled. @throws Refusal */
export async function cancelRefund(change: Change, refund: Refund): Promise<Refund> {
  if (refund.status !== "pending" && refund.status !== "requires_action") {
    throw invalid(`This refund can't be canceled because it is ${refund.status}.`);
  }
  return endRefund(change, refund, { status: "canceled" });
}

/** Changes a refund and tells of it in each way that Stripe does. */
export async function updateRefund(change: Change, refund: Refund, fields: Partial<Refund>): Promise<Refund> {
  const before = await change.get("refund", refund.id);
  const after = await change.update(refund, fields, "refund.updated");
  await change.tell("charge.refund.updated", after, before);
  if (after.status === "failed" && before.status !== "failed") await change.tell("refund.failed", after);
  await countRefunds(change, await change.get("charge", refund.charge));
  return after;
}

async function endRefund(
  change: Change,
  refund: Refund,
  fields: { status: "failed" | "canceled" } & Json,
): Promise<Refund> {
  if (refund.status === "failed" || refund.status === "canceled") {
    throw invalid(`This refund is ${refund.status} already.`);
  }
  const back = { amount: refund.amount, currency: refund.currency, source: refund.id, type: "refund_failure" };
  const moved = await moveBalance(change, back);
  const after = await updateRefund(change, refund, { ...fields, failure_balance_transaction: moved.id });
  const charge = await change.get("charge", refund.charge);
  await change.tell("charge.updated", charge);
  return after;
}

/** Brings the charge's sum of refunds up to date: those that failed do not count. */
async function countRefunds(change: Change, charge: Charge): Promise<{ before: Charge; after: Charge }> {
  const refunds = await change.all("refund", { charge: charge.id });
  const standing = refunds.filter(({ status }) => status !== "failed" && status !== "canceled");
  const amount = standing.reduce((sum, refund) => sum + refund.amount, 0);
  const fields = {
    amount_refunded: amount,
    refunded: amount === charge.amount_captured,
    _refunds: refunds.toReversed(),
  };
  return { before: charge, after: await change.update(charge, fields, null) };
}
