// What a paid price gives: credits now, or an enrolment whose first period is granted now. Keyed by what was paid, so
// that duplicates of an event, and different events about one payment, give it once.
import { enrolForFact } from "../../credits/enrol.ts";
import { endSupersededTerms } from "../../credits/enrolment.ts";
import { grantForFact } from "../../credits/grant.ts";
import { MAX_AMOUNT } from "../../kernel/amount.ts";
import { TallystickError } from "../../kernel/errors.ts";
import type { PriceEntry } from "../catalog.ts";
import type { EffectContext } from "./context.ts";

export interface Purchase {
  readonly userId: string;
  readonly paymentId: number;
  readonly price: PriceEntry;
  readonly quantity: number;
  /** The provider's id of what was paid, unique over all accounts. */
  readonly fact: string;
  /** The subscription whose end ends the enrolment. */
  readonly source?: string | undefined;
  /** When the period begins that is paid for; null where that is not said. */
  readonly beginsAt?: Date | null | undefined;
  /** The quantity is the event's own word; once the provider answers, the rest is given under a fact of its own. */
  readonly assumed?: boolean | undefined;
}

const MONTHS_OF_A_YEAR = 12;

/** Looks a price up in the catalog. @throws unmatched_price */
export function requirePrice(context: EffectContext, priceId: string | null): PriceEntry {
  const entry = priceId === null ? undefined : context.catalog.price(priceId);
  if (entry !== undefined) return entry;
  throw new TallystickError(
    "unmatched_price",
    priceId === null
      ? "The payment names no price of the catalog: grant by hand, and sell by a price (metadata.priceId on sessions)."
      : `Price ${priceId} is not in the catalog; add it there, or to pricesWithoutCredits, and replay.`,
  );
}

export function priceName(price: PriceEntry): string | null {
  switch (price.kind) {
    case "plan":
      return price.plan.name;
    case "pack":
      return price.pack.name;
    case "none":
      return null;
  }
}

/** Whether the price gives months that are still to come, or one that the next continues. */
export function enrols(price: PriceEntry): boolean {
  return price.kind === "plan" && (price.interval !== "month" || price.plan.rollover !== null);
}

/** Gives what the price of a purchase gives, once for its fact. */
export async function giveCredits(context: EffectContext, purchase: Purchase): Promise<void> {
  const { tx, provider, plans } = context;
  const { userId, paymentId, price, quantity, fact } = purchase;
  if (price.kind === "none") return;
  if (price.kind === "pack") {
    const { credits } = price;
    const { name, validDays } = price.pack;
    const lot = { userId, type: "purchase_package", validDays, paymentId, provider, description: name } as const;
    const assumedQuantity = purchase.assumed === true ? quantity : undefined;
    const given = await grantForFact(tx, { ...lot, amount: multiply(credits, quantity), fact, assumedQuantity });
    const missing = assumedQuantity === undefined && given.assumedQuantity ? quantity - given.assumedQuantity : 0;
    if (missing > 0) await grantForFact(tx, { ...lot, amount: multiply(credits, missing), fact: `${fact}:rest` });
    return;
  }
  const { id: planId, name, validDays } = price.plan;
  const amount = multiply(price.credits, quantity);
  const enrolment = { userId, planId, quantity, paymentId, provider, fact };
  const term = {
    ...enrolment,
    type: "subscription_renewal",
    ...(purchase.source !== undefined && { source: purchase.source }),
  } as const;
  switch (price.interval) {
    case "month":
      // What rolls over needs to know the month before: a term of one month, which continues the last.
      if (enrols(price)) {
        await enrolForFact(tx, plans, { ...term, periodCount: 1 });
        return;
      }
      await grantForFact(tx, {
        userId,
        amount,
        type: "subscription_renewal",
        validDays,
        paymentId,
        provider,
        fact,
        description: name,
      });
      return;
    case "year":
      if (purchase.source !== undefined && purchase.beginsAt) {
        await endSupersededTerms(tx, purchase.source, purchase.beginsAt);
      }
      await enrolForFact(tx, plans, { ...term, periodCount: MONTHS_OF_A_YEAR });
      return;
    case "lifetime":
      await enrolForFact(tx, plans, { ...enrolment, type: "lifetime_monthly" });
  }
}

function multiply(credits: number, quantity: number): number {
  const amount = credits * quantity;
  if (Number.isSafeInteger(quantity) && quantity >= 1 && amount <= MAX_AMOUNT) return amount;
  throw new TallystickError("invalid_request", `A quantity of ${quantity} times ${credits} credits is no amount.`);
}
