// The ends of a session that no payer brings about: it expires, or its delayed payment settles.
import type { Confirmation } from "../payments/confirm.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Session } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";

/** @throws Refusal when it is no longer open */
export async function expireSession(change: Change, session: Session): Promise<Session> {
  if (session.status !== "open") {
    throw invalid(`Only Checkout Sessions with a status in ["open"] can be expired. This one is ${session.status}.`);
  }
  await change.plan(session.id, "expire_session", null);
  const expired = await change.update(session, { status: "expired", url: null }, null);
  await change.tell("checkout.session.expired", expired);
  return expired;
}

/** A delayed payment came through, or did not. */
export async function sessionSettled(change: Change, { intent, outcome }: Confirmation): Promise<void> {
  const session = await change.find("checkout.session", intent._session);
  if (session === null || session.status !== "complete") return;
  if (outcome === "succeeded") {
    const paid = await change.update(session, { payment_status: "paid" }, null);
    await change.tell("checkout.session.async_payment_succeeded", paid);
    return;
  }
  await change.tell("checkout.session.async_payment_failed", session);
}
