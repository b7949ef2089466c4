// What time does: each kind of planned work, done at its moment, one after the other in the order of their times.
import { settleIntent } from "../payments/confirm.ts";
import { failRefund, settleRefund } from "../payments/refund.ts";
import { expireSession, sessionSettled } from "../checkout/session-end.ts";
import type { Change } from "../store/change.ts";
import { nextDue, takeDue, type Work } from "../store/due.ts";
import { collectInvoice } from "./collect.ts";
import { endSubscription } from "./end-subscription.ts";
import { finalizeInvoice } from "./finalize.ts";
import { voidInvoice } from "./invoice-states.ts";
import { dropPendingUpdate } from "./pending-update.ts";
import { planSubscription } from "./plan.ts";
import { announceInvoice, renewSubscription } from "./renew.ts";
import { settleInvoice } from "./settle.ts";
import { invoiceWasNotPaid } from "./standing.ts";
import { tellTrialEnding } from "./subscribe.ts";
import type { Subscription } from "../store/billing-document.ts";

type Worker = (change: Change, objectId: string) => Promise<unknown>;

const ofSubscription =
  (work: (change: Change, subscription: Subscription) => Promise<unknown>): Worker =>
  async (change, id) => {
    const subscription = await change.find("subscription", id);
    if (subscription !== null && subscription.ended_at === null) await work(change, subscription);
  };

const workers: Readonly<Record<Work, Worker>> = {
  renew: ofSubscription(renewSubscription),
  cancel: ofSubscription(async (change, subscription) => endSubscription(change, subscription, { reason: null })),
  trial_will_end: ofSubscription(tellTrialEnding),
  announce_invoice: ofSubscription(announceInvoice),
  drop_pending_update: ofSubscription(async (change, subscription) => {
    const invoice = await change.find("invoice", String(subscription["_update_invoice"]));
    await dropPendingUpdate(change, subscription);
    if (invoice?.status === "open") await voidInvoice(change, invoice);
  }),
  resume_collection: ofSubscription(async (change, subscription) => {
    const resumed = await change.update(subscription, { pause_collection: null }, "customer.subscription.updated");
    await planSubscription(change, resumed);
  }),
  give_up_incomplete: ofSubscription(async (change, subscription) => {
    const fields = { status: "incomplete_expired" as const, ended_at: change.now };
    await planSubscription(change, await change.update(subscription, fields, "customer.subscription.updated"));
    const invoice = await change.find("invoice", subscription.latest_invoice);
    if (invoice?.status === "open") await voidInvoice(change, invoice);
  }),
  async finalize_invoice(change, id) {
    const draft = await change.find("invoice", id);
    if (draft?.status !== "draft") return;
    const open = await finalizeInvoice(change, draft);
    if (open.status === "open" && open.collection_method === "charge_automatically") await collectInvoice(change, open);
  },
  async retry_payment(change, id) {
    const invoice = await change.find("invoice", id);
    if (invoice?.status === "open") await collectInvoice(change, invoice);
  },
  async past_due(change, id) {
    const invoice = await change.find("invoice", id);
    if (invoice?.status !== "open") return;
    await change.tell("invoice.overdue", invoice);
    await invoiceWasNotPaid(change, invoice, { last: false });
  },
  async settle_payment(change, id) {
    const intent = await change.find("payment_intent", id);
    const settled = intent === null ? null : await settleIntent(change, intent);
    if (settled === null) return;
    await settleInvoice(change, settled);
    if (settled.intent._session !== null) await sessionSettled(change, settled);
  },
  async settle_refund(change, id) {
    const refund = await change.find("refund", id);
    if (refund !== null) await settleRefund(change, refund);
  },
  async fail_refund(change, id) {
    const refund = await change.find("refund", id);
    if (refund?.status === "succeeded") await failRefund(change, refund);
  },
  async expire_session(change, id) {
    const session = await change.find("checkout.session", id);
    if (session?.status === "open") await expireSession(change, session);
  },
};

// A bound on what one call does: a daily subscription of two years, a thousand times.
const MAX_STEPS = 1_000_000;

/** Does everything of the change's clock that is due until then, each at its own moment. */
export async function passTime(change: Change, until: number): Promise<void> {
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const due = await takeDue(change.tx, change.clock, until);
    if (due === null) return;
    await workers[due.work](change.at(due.at), due.objectId);
  }
  throw new Error("The clock was moved past more work than one move may do; move it in smaller steps.");
}

/** Does what is due on everyone's clock; answers seconds until the next is due, or null. */
export async function doDueWork(change: Change): Promise<number | null> {
  await passTime(change, change.now);
  const next = await nextDue(change.tx, change.clock);
  return next === null ? null : next - change.now;
}
