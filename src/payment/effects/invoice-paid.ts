// invoice.paid: the only event that gives a subscription's credits, line by line. Lines that are credited give nothing,
// prorations what the plan says, and a line of amount zero the plan's trial credits.
import { lockPaymentsOf } from "../../credits/enrolment-change.ts";
import { grantForFact } from "../../credits/grant.ts";
import type { PriceEntry } from "../catalog.ts";
import { findOwner, requireOwner } from "../owner.ts";
import { recordPayment } from "../payment-row.ts";
import type { InvoiceLine, PaymentFact } from "../provider.ts";
import { attemptOfInvoice, settleAttempt } from "../top-up/attempt.ts";
import { subscriptionSource } from "../subscription-row.ts";
import type { EffectContext } from "./context.ts";
import { followSubscription } from "./follow-subscription.ts";
import { enrols, giveCredits, priceName, requirePrice } from "./give-credits.ts";
import { giveProration, prorationOf } from "./proration.ts";

type InvoicePaid = Extract<PaymentFact, { kind: "invoice_paid" }>;

export async function invoicePaid(context: EffectContext, fact: InvoicePaid): Promise<void> {
  const { tx, provider } = context;
  const charged = withFacts(fact).filter((line) => line.amount > 0 && !line.proration);
  // A sum without a price was never for sale in the catalog. It is passed over beside lines that are, not by itself.
  const named = charged.filter((line) => line.priceId !== null);
  const sold = (named.length > 0 ? named : charged).map((line) => ({
    ...line,
    price: requirePrice(context, line.priceId),
  }));
  const trials = withFacts(fact).filter(
    (line) => line.amount === 0 && !line.proration && trialCredits(context, line) > 0,
  );
  const proration = prorationOf(context.catalog, fact.lines);
  const gives = sold.length > 0 || trials.length > 0 || proration !== null;
  const userId = gives ? await requireOwner(tx, provider, fact.owner) : await findOwner(tx, provider, fact.owner);
  const paymentId = await recordPayment(tx, {
    provider,
    userId,
    customerId: fact.owner.customerId,
    type: fact.subscriptionId === null ? "one_time" : "subscription",
    status: "paid",
    money: fact.paid,
    invoiceId: fact.invoiceId,
    subscriptionId: fact.subscriptionId,
    references: fact.references,
    priceId: sold[0]?.priceId ?? fact.lines[0]?.priceId ?? null,
  });
  if (userId === null) return;
  const source = fact.subscriptionId === null ? undefined : subscriptionSource(provider, fact.subscriptionId);
  const gave = source !== undefined && (await lockPaymentsOf(tx, source));
  for (const { price, quantity, period, fact: lineFact } of sold) {
    const beginsAt = period?.startsAt ?? null;
    await giveCredits(context, { userId, paymentId, price, quantity, fact: lineFact, source, beginsAt });
  }
  if (proration !== null) await giveProration(context, proration, { userId, paymentId, invoiceId: fact.invoiceId });
  for (const line of trials) {
    const entry = context.catalog.price(line.priceId ?? "");
    if (entry?.kind !== "plan") continue;
    await grantForFact(tx, {
      userId,
      amount: trialCredits(context, line),
      type: "subscription_renewal",
      validDays: entry.plan.validDays,
      paymentId,
      provider,
      fact: line.fact,
      description: entry.plan.name,
    });
  }
  // The subscription's end, or another plan, may have been told before this payment: paid is paid, but what follows follows it.
  if (fact.subscriptionId !== null && (gave || sold.some(({ price }) => enrols(price)))) {
    await followSubscription(context, fact.subscriptionId, paidFrom(sold));
  }
  // A top-up's invoice stands outside of subscriptions.
  const attempt = fact.subscriptionId === null ? await attemptOfInvoice(tx, provider, fact.invoiceId) : null;
  if (attempt !== null) await settleAttempt(tx, attempt, { status: "succeeded" });
  if (fact.paid.amount > 0) {
    await context.announce(tx, {
      kind: "payment.received",
      key: `payment.received:${provider}:${fact.invoiceId}`,
      userId,
      ...fact.paid,
      items: sold.flatMap(({ price }) => priceName(price) ?? []),
    });
  }
}

/** When the plans' period begins that was paid; null where that is not said. */
function paidFrom(
  sold: readonly { readonly price: PriceEntry; readonly period: InvoiceLine["period"] }[],
): Date | null {
  const begins = sold.flatMap(({ price, period }) =>
    price.kind === "plan" && period !== null ? [period.startsAt] : [],
  );
  return begins.toSorted((a, b) => a.getTime() - b.getTime()).at(-1) ?? null;
}

function trialCredits(context: EffectContext, line: InvoiceLine): number {
  const entry = context.catalog.price(line.priceId ?? "");
  return entry?.kind === "plan" ? entry.plan.trialCredits * line.quantity : 0;
}

// With the invoice's id: in old payloads a line's id may be its subscription's, and then stand on several lines.
function withFacts(invoice: InvoicePaid): (InvoiceLine & { readonly fact: string })[] {
  const seen = new Map<string, number>();
  return invoice.lines.map((line) => {
    const before = seen.get(line.lineId) ?? 0;
    seen.set(line.lineId, before + 1);
    return { ...line, fact: `invoice_line:${invoice.invoiceId}:${line.lineId}${before === 0 ? "" : `:${before}`}` };
  });
}
