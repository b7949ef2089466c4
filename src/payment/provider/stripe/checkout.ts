// Checkout sessions. Only a session in payment mode whose money is there and that has no invoice pays for something
// here: an invoice or a subscription grants through invoice.paid, and the session merely tells whose customer it is.
import { TallystickError } from "../../../kernel/errors.ts";
import type { CheckoutLine, PaymentFact } from "../../provider.ts";
import { unanswered, type FactContext } from "./api.ts";
import { sessionOwner } from "./owner.ts";
import { currency, idOf, idsOf, integer, quantity, record, required, text, type Json } from "./read.ts";

/** `checkout.session.completed` and `checkout.session.async_payment_succeeded`. */
export async function checkoutFacts(session: Json, context: FactContext): Promise<readonly PaymentFact[]> {
  const { money: paid, ...known } = readSession(session);
  const unpaid = session.payment_status === "unpaid";
  const invoiceId = idOf(session.invoice);
  // An invoice that is to be created counts as one: it grants when it is paid, and both must not.
  const hasInvoice = invoiceId !== null || record(session.invoice_creation).enabled === true;
  if (session.mode !== "payment" || unpaid || hasInvoice) {
    return [{ kind: "checkout_recorded", ...known, invoiceId, paymentStatus: unpaid ? "unpaid" : "paid", paid }];
  }
  return [{ kind: "checkout_paid", ...known, paid, ...(await linesOf(known.sessionId, session, context)) }];
}

/** `checkout.session.async_payment_failed`. */
export function checkoutFailedFacts(session: Json): readonly PaymentFact[] {
  const { money: due, ...known } = readSession(session);
  return [{ kind: "checkout_failed", ...known, due }];
}

function readSession(session: Json) {
  return {
    owner: sessionOwner(session),
    sessionId: required(text(session.id), "checkout session id"),
    references: idsOf(session.payment_intent),
    money: { amount: integer(session.amount_total) ?? 0, currency: currency(session.currency) },
  };
}

/** What Stripe says was bought wins over the price that the server wrote into the metadata, which stands in for it. */
async function linesOf(
  sessionId: string,
  session: Json,
  { api, attempt, mayAssume }: FactContext,
): Promise<{ lines: readonly CheckoutLine[]; assumed: boolean }> {
  const priceId = text(record(session.metadata).priceId);
  const ownLines = priceId === null ? [] : [{ priceId, quantity: 1 }];
  // A line's place is its key: what may have been given on the metadata's word comes first whatever stands beside it.
  const rank = (line: CheckoutLine): number => (line.priceId === priceId ? 0 : 1);
  if (api === null) return { lines: ownLines, assumed: false };
  const answer = await api.sessionLines(sessionId);
  if (answer.outcome === "found") {
    const lines = answer.value.length === 0 ? ownLines : answer.value.map((item) => readLine(sessionId, item));
    return { lines: lines.toSorted((a, b) => rank(a) - rank(b)), assumed: false };
  }
  if (answer.outcome === "missing") return { lines: ownLines, assumed: false };
  // A grant needs only the event: after one retry the buyer gets what the event tells, and the rest once Stripe answers.
  if (!mayAssume || priceId === null || (answer.outcome === "unavailable" && attempt === 1)) {
    throw unanswered(`line items of checkout session ${sessionId}`, answer);
  }
  return { lines: ownLines, assumed: true };
}

function readLine(sessionId: string, item: Json): CheckoutLine {
  const priceId = idOf(item.price);
  if (priceId === null) {
    throw new TallystickError("unmatched_price", `A line item of checkout session ${sessionId} names no price.`);
  }
  return { priceId, quantity: quantity(item.quantity) };
}
