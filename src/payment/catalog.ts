// The catalog: which price gives which credits. Configuration of the server; nothing a client sends can change it.
import * as z from "zod";
import { featurePrices, type PriceTable } from "../credits/price-table-schema.ts";
import { MAX_AMOUNT } from "../kernel/amount.ts";
import { TallystickError } from "../kernel/errors.ts";

const credits = z.int().min(1).max(MAX_AMOUNT);
const validDays = z.int().min(1).max(36_500).nullable().default(null);

// Docs: docs.stripe.com/billing/subscriptions/trials
const MAX_TRIAL_DAYS = 730;

const rollover = z
  .strictObject({
    /** At the most so many unused credits of a month go on into the next. */
    max: z.int().min(0).max(MAX_AMOUNT),
    /** At the least so many, also when fewer were left. */
    min: z.int().min(0).max(MAX_AMOUNT).default(0),
  })
  .refine(({ max, min }) => min <= max, "min may not exceed max");

const price = z
  .strictObject({
    id: z.string().min(1),
    /** What the provider asks for one, in the currency's minor unit: `doctor` compares. Credits never depend on it. */
    amount: z.int().min(0).optional(),
    /** ISO 4217, lower case. */
    currency: z
      .string()
      .regex(/^[a-z]{3}$/)
      .optional(),
    /** What this price gives where it differs from the plan's month or the pack. */
    credits: credits.optional(),
  })
  .refine(({ amount, currency }) => (amount === undefined) === (currency === undefined), {
    message: "an amount needs its currency, and a currency its amount",
    path: ["currency"],
  });

const planPrice = price
  .safeExtend({
    /** month: each paid invoice line grants a month. year, lifetime: the purchase enrols, distribution grants monthly. */
    interval: z.enum(["month", "year", "lifetime"]),
  })
  .refine(({ interval, credits: own }) => interval === "month" || own === undefined, {
    message: "only a monthly price gives credits of its own: a year's and a lifetime's months are the plan's",
    path: ["credits"],
  });

const planTerms = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  /** Credits of one month. */
  credits,
  /** Days that a month's credits stay valid, from the grant; null: for ever, or with rollover to the month's end. */
  validDays,
  /** A month's credits end with the month, and what is unused goes on into the next, burnt first. */
  rollover: rollover.nullable().default(null),
  /**
   * What the lines of a paid change of plan or quantity give: `none`, the new plan begins with the next invoice; or
   * `credits`, for the time that is left, what the new plan gives more than the old one. Yearly plans need neither: their
   * months follow the subscription's plan.
   */
  proration: z.enum(["none", "credits"]).default("none"),
  /** Days that a checkout of the plan is free at first, for who never had a subscription; 0: none. */
  trialDays: z.int().min(0).max(MAX_TRIAL_DAYS).default(0),
  /** Credits for an invoice line of amount zero (a trial). */
  trialCredits: z.int().min(0).max(MAX_AMOUNT).default(0),
  /** A free plan has no price: accounts are enrolled by the application. */
  prices: z.array(planPrice).default([]),
});
const plan = planTerms.refine((given) => given.rollover === null || given.validDays === null, {
  message: "a plan that rolls over ends its credits with the month: leave validDays out",
  path: ["validDays"],
});

const pack = z
  .strictObject({
    id: z.string().min(1),
    name: z.string().min(1),
    credits,
    validDays,
    priceId: z.string().min(1).optional(),
    /** Further prices, such as of other currencies, or in the place of `priceId` where more is to be said. */
    prices: z.array(price).default([]),
  })
  .refine(({ priceId, prices }) => priceId !== undefined || prices.length > 0, {
    message: "a pack needs a priceId, or prices",
    path: ["priceId"],
  });

const catalogSchema = z.strictObject({
  plans: z.array(plan).default([]),
  packs: z.array(pack).default([]),
  /** Prices that are sold beside and give no credits: their lines are passed over instead of failing. */
  pricesWithoutCredits: z.array(z.string().min(1)).default([]),
  /** What a quantity of each feature costs in credits. */
  features: featurePrices.default(new Map()),
});

export type CatalogInput = z.input<typeof catalogSchema>;
export type Plan = z.output<typeof plan>;
export type Pack = z.output<typeof pack>;
type OwnPrice = z.output<typeof price>;

/** `credits` are what one of the price gives: a month's, or the pack's. */
export type PriceEntry =
  | {
      readonly kind: "plan";
      readonly plan: Plan;
      readonly interval: "month" | "year" | "lifetime";
      readonly credits: number;
    }
  | { readonly kind: "pack"; readonly pack: Pack; readonly credits: number }
  | { readonly kind: "none" };

/** A price as the catalog has it. */
export interface CatalogPrice {
  readonly id: string;
  /** The plan or pack: its kind and id. */
  readonly of: `plan:${string}` | `pack:${string}`;
  /** Of the plan or pack. */
  readonly name: string;
  readonly interval: "month" | "year" | "once";
  readonly amount: number | null;
  readonly currency: string | null;
}

export interface Catalog {
  readonly plans: readonly Plan[];
  readonly packs: readonly Pack[];
  readonly features: PriceTable;
  /** Every price that gives credits. */
  readonly prices: readonly CatalogPrice[];
  plan(id: string): Plan | undefined;
  price(id: string): PriceEntry | undefined;
}

/** Validates the catalog; every problem is reported at once. @throws invalid_request */
export function defineCatalog(input: CatalogInput): Catalog {
  const parsed = catalogSchema.safeParse(input);
  if (!parsed.success) {
    throw new TallystickError("invalid_request", `The catalog is not valid:\n${z.prettifyError(parsed.error)}`);
  }
  const { plans, packs, pricesWithoutCredits, features } = parsed.data;
  const ofPlans = plans.flatMap((item) => item.prices.map((own) => ({ item, own })));
  const ofPacks = packs.flatMap((item) =>
    [...(item.priceId === undefined ? [] : [{ id: item.priceId }]), ...item.prices].map((own: OwnPrice) => ({
      item,
      own,
    })),
  );
  const entries: [string, PriceEntry][] = [
    ...ofPlans.map(({ item, own: { id, interval, credits: given = item.credits } }): [string, PriceEntry] => [
      id,
      { kind: "plan", plan: item, interval, credits: given },
    ]),
    ...ofPacks.map(({ item, own }): [string, PriceEntry] => [
      own.id,
      { kind: "pack", pack: item, credits: own.credits ?? item.credits },
    ]),
    ...pricesWithoutCredits.map((id): [string, PriceEntry] => [id, { kind: "none" }]),
  ];
  const problems = [
    ...duplicates(entries.map(([id]) => id)).map((id) => `price ${id} stands twice`),
    ...duplicates(plans.map(({ id }) => id)).map((id) => `plan ${id} stands twice`),
    ...duplicates(packs.map(({ id }) => id)).map((id) => `pack ${id} stands twice`),
  ];
  if (problems.length > 0) {
    throw new TallystickError("invalid_request", `The catalog is not valid: ${problems.join("; ")}.`);
  }
  const byPrice = new Map(entries);
  const byPlan = new Map(plans.map((item) => [item.id, item]));
  return {
    plans,
    packs,
    features,
    prices: [
      ...ofPlans.map(({ item, own }) =>
        catalogPrice(`plan:${item.id}`, item.name, own.interval === "lifetime" ? "once" : own.interval, own),
      ),
      ...ofPacks.map(({ item, own }) => catalogPrice(`pack:${item.id}`, item.name, "once", own)),
    ],
    plan: (id) => byPlan.get(id),
    price: (id) => byPrice.get(id),
  };
}

function catalogPrice(
  of: CatalogPrice["of"],
  name: string,
  interval: CatalogPrice["interval"],
  { id, amount, currency }: OwnPrice,
): CatalogPrice {
  return { id, of, name, interval, amount: amount ?? null, currency: currency ?? null };
}

function duplicates(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
