// What a customer pays once, and how money goes back: refunds in whole and in part, disputes and what banks decide.
import type Stripe from "stripe";
import { payOnPage } from "../support/sandbox-client.ts";
import type { Step } from "./subscribing.ts";
import type { Life, LifeContext } from "./life.ts";
import { lifetimeTerms, packTerms } from "./terms.ts";

const GOOD_NUMBER = "4242424242424242";
const methods = [
  [8, GOOD_NUMBER],
  // A chargeback at once; an inquiry; refunds that wait, and that fail; debits that settle later, and that do not.
  [0.7, "4000000000000259"],
  [0.5, "4000000000001976"],
  [0.7, "4000000000007726"],
  [0.7, "4000000000005126"],
  [1, "AT611904300234573201"],
  [0.5, "AT861904300235473202"],
] as const;

async function buy({ sdk }: LifeContext, life: Life, price: string, quantity: number): Promise<void> {
  const withInvoice = life.random.chance(0.2);
  const session = await sdk.checkout.sessions.create({
    mode: "payment",
    customer: life.customer,
    line_items: [{ price, quantity }],
    success_url: "https://app.test/thanks",
    metadata: { userId: life.userId, priceId: price },
    ...(withInvoice && { invoice_creation: { enabled: true, invoice_data: { metadata: { userId: life.userId } } } }),
  });
  await payOnPage(session, withInvoice ? GOOD_NUMBER : life.random.weighted(methods));
}

export const buyPack: Step = async (context, life) =>
  buy(context, life, life.random.pick(packTerms).id, life.random.whole(1, 3));

export const buyForLife: Step = async (context, life) => {
  life.hadLifetime = true;
  await buy(context, life, lifetimeTerms.id, 1);
};

export const refundPart: Step = async (context, life) => {
  const charge = await chargeOf(context, life);
  const left = charge === undefined ? 0 : charge.amount_captured - charge.amount_refunded;
  if (charge === undefined || left < 1) return;
  await context.sdk.refunds.create({ charge: charge.id, amount: life.random.whole(1, left) });
};

export const refundAll: Step = async (context, life) => {
  const charge = await chargeOf(context, life);
  if (charge !== undefined) await context.sdk.refunds.create({ charge: charge.id });
};

export const failRefund: Step = async (context, life) => {
  const charge = await chargeOf(context, life);
  const refunds = await context.sdk.refunds.list({ charge: charge?.id ?? "" });
  const standing = refunds.data.filter(({ status }) => status === "succeeded");
  if (standing.length > 0) await context.control(`/refunds/${life.random.pick(standing).id}/fail`, {});
};

export const dispute: Step = async (context, life) => {
  const charge = await chargeOf(context, life);
  if (charge === undefined || charge.disputed) return;
  await context.control(`/charges/${charge.id}/dispute`, { inquiry: life.random.chance(0.4) });
};

/** The bank decides about what is open, or an inquiry becomes a chargeback. */
export const decide: Step = async (context, life) => {
  const charges = await context.sdk.charges.list({ customer: life.customer, limit: 100 });
  for (const { id } of charges.data.filter(({ disputed }) => disputed)) {
    const { data } = await context.sdk.disputes.list({ charge: id });
    const open = data.find(({ status }) => status !== "won" && status !== "lost" && status !== "warning_closed");
    if (open === undefined) continue;
    const decisions = open.status.startsWith("warning_") ? ["escalate", "won"] : ["won", "lost"];
    await context.control(`/disputes/${open.id}/${life.random.pick(decisions)}`, {});
    return;
  }
};

export const buyingSteps = (life: Life): (readonly [number, Step])[] => [
  [3, buyPack],
  [life.hadLifetime ? 0 : 0.4, buyForLife],
  [1.2, refundPart],
  [0.8, refundAll],
  [0.5, failRefund],
  [0.9, dispute],
  [1.2, decide],
];

async function chargeOf({ sdk }: LifeContext, life: Life): Promise<Stripe.Charge | undefined> {
  const { data } = await sdk.charges.list({ customer: life.customer, limit: 100 });
  const paid = data.filter(({ status, captured }) => status === "succeeded" && captured);
  return paid.length === 0 ? undefined : life.random.pick(paid);
}
