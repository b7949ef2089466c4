// What is for sale, from the catalog, in the words of the pages.
import type { Pack, Plan } from "tallystick";
import { catalog } from "../catalog.ts";
import { env } from "../env.ts";
import { money } from "../money.ts";

type PlanPrice = Plan["prices"][number];

export interface Offer {
  readonly priceId: string;
  /** Such as "$20.00"; null: the catalog does not say, and the provider's page does. */
  readonly amount: string | null;
  /** Such as "a month"; empty for what is paid once. */
  readonly per: string;
  /** Of a plan, such as "Pro, monthly". */
  readonly name: string;
}

const words = {
  month: { per: "a month", name: "monthly" },
  year: { per: "a year", name: "yearly" },
  lifetime: { per: "once", name: "for life" },
} as const;

export function planOffers({ name, prices }: Plan): Offer[] {
  return prices.map((price) => {
    const { per, name: rhythm } = words[price.interval];
    return { priceId: price.id, amount: amountOf(price), per, name: `${name}, ${rhythm}` };
  });
}

export function packOffers({ name, priceId, prices }: Pack): Offer[] {
  const bare = priceId === undefined ? [] : [{ id: priceId, amount: undefined, currency: undefined }];
  return [...bare, ...prices].map((price) => ({ priceId: price.id, amount: amountOf(price), per: "once", name }));
}

/** What a subscription may become: every monthly and yearly price. */
export function subscriptionOffers(): Offer[] {
  return catalog(env()).plans.flatMap((plan) =>
    planOffers({ ...plan, prices: plan.prices.filter(({ interval }) => interval !== "lifetime") }),
  );
}

export function priceText({ amount, per }: Offer): string {
  return amount === null ? per : `${amount} ${per}`;
}

function amountOf({ amount, currency }: Pick<PlanPrice, "amount" | "currency">): string | null {
  return amount === undefined || currency === undefined ? null : money(amount, currency);
}
