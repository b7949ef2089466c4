// What every customer must have been given, by Stripe's own objects alone, read through the official SDK. Nothing of the
// library is used here: what is paid and not returned, times what the terms say.
import type Stripe from "stripe";
import { allTerms, type Terms } from "./terms.ts";

/** A payment with what it gave and what of it went back. */
export interface Bought {
  /** The invoice's or the session's id. */
  readonly id: string;
  readonly customer: string;
  readonly paid: number;
  readonly given: number;
  readonly returned: number;
  readonly takenBack: number;
}

const terms = new Map<string, Terms>(allTerms.map((one) => [one.id, one]));

export async function keepBooks(sdk: Stripe): Promise<readonly Bought[]> {
  const goneByIntent = await returnsByIntent(sdk);
  const intentsByInvoice = Map.groupBy(await all(sdk.invoicePayments.list({ limit: 100 })), ({ invoice }) =>
    id(invoice),
  );
  const bought: Bought[] = [];
  const add = (key: string, customer: string, paid: number, given: number, intents: readonly string[]): void => {
    const gone = intents.reduce((sum, intent) => sum + (goneByIntent.get(intent) ?? 0), 0);
    const returned = Math.min(paid, gone);
    const takenBack = paid === 0 ? 0 : Number((BigInt(given) * BigInt(returned)) / BigInt(paid));
    bought.push({ id: key, customer, paid, given, returned, takenBack });
  };
  for (const invoice of await all(sdk.invoices.list({ status: "paid", limit: 100 }))) {
    const lines = await all(sdk.invoices.listLineItems(invoice.id, { limit: 100 }));
    const payments = intentsByInvoice.get(invoice.id) ?? [];
    const intents = payments.map(({ payment }) => id(payment.payment_intent ?? null));
    add(invoice.id, id(invoice.customer), invoice.amount_paid, givenBy(lines), intents);
  }
  for (const session of await all(sdk.checkout.sessions.list({ status: "complete", limit: 100 }))) {
    if (session.mode !== "payment" || session.payment_status === "unpaid" || session.invoice !== null) continue;
    const lines = await all(sdk.checkout.sessions.listLineItems(session.id, { limit: 100 }));
    const given = lines.reduce((sum, { price, quantity }) => sum + creditsOf(price?.id) * (quantity ?? 1), 0);
    add(session.id, id(session.customer), session.amount_total ?? 0, given, [id(session.payment_intent)]);
  }
  return bought;
}

/** What lines give: whole months, trials, and for the rest of a month what the new plan gives more than the old one. */
function givenBy(lines: readonly Stripe.InvoiceLineItem[]): number {
  let given = 0;
  let share = { over: 0n, under: 1n };
  let charged = false;
  for (const line of lines) {
    const term = terms.get(id(line.pricing?.price_details?.price ?? null));
    const quantity = line.quantity ?? 1;
    const { subscription_item_details: byItem, invoice_item_details: byInvoice } = line.parent ?? {};
    if (term === undefined) continue;
    if ((byItem?.proration ?? byInvoice?.proration) === true) {
      charged ||= line.amount > 0;
      const { start, end } = line.period;
      const over = BigInt(Math.sign(line.amount) * term.credits * quantity * (end - start));
      const under = BigInt(end - monthBefore(end));
      share = { over: share.over * under + over * share.under, under: share.under * under };
    } else if (line.amount > 0) given += term.credits * quantity;
    else if (line.amount === 0) given += term.trialCredits * quantity;
  }
  return given + (charged && share.over > 0n ? Number(share.over / share.under) : 0);
}

/** The same day of the month before, or that month's last. */
function monthBefore(end: number): number {
  const date = new Date(end * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() - 1);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime() / 1000;
}

/** What is with the payer again: refunds that stand, and what disputes moved. */
async function returnsByIntent(sdk: Stripe): Promise<ReadonlyMap<string, number>> {
  const gone = new Map<string, number>();
  const add = (intent: string, amount: number): void => void gone.set(intent, (gone.get(intent) ?? 0) + amount);
  for (const refund of await all(sdk.refunds.list({ limit: 100 }))) {
    if (refund.status !== "failed" && refund.status !== "canceled") add(id(refund.payment_intent), refund.amount);
  }
  for (const dispute of await all(sdk.disputes.list({ limit: 100 }))) {
    const moved = dispute.balance_transactions.reduce((sum, { amount }) => sum + amount, 0);
    add(id(dispute.payment_intent), -moved);
  }
  return gone;
}

function creditsOf(price: string | undefined): number {
  const found = terms.get(price ?? "");
  if (found === undefined) throw new Error(`Nobody sells ${price}.`);
  return found.credits;
}

export function id(reference: string | { readonly id: string } | null | undefined): string {
  return typeof reference === "string" ? reference : (reference?.id ?? "");
}

export async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}
