// How a product writes its prices, and what is made of them: every price one list of tiers with exact rates.
import * as z from "zod";
import { MAX_AMOUNT } from "../kernel/amount.ts";

/** Credits for one of what the feature counts: a ratio, never a float. */
export interface Rate {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const roundings = ["up", "down", "half_even"] as const;
export type Rounding = (typeof roundings)[number];

export interface FeaturePrice {
  readonly unit: string;
  readonly rounding: Rounding;
  /** Credits that a quantity costs at the least, unless it is free. */
  readonly minimum: bigint;
  readonly mode: "graduated" | "volume";
  /** In order; the last has no end. */
  readonly tiers: readonly { readonly upTo: bigint | null; readonly rate: Rate }[];
}

export type PriceTable = ReadonlyMap<string, FeaturePrice>;

const whole = z.int().min(1).max(MAX_AMOUNT);
// A number must be whole: 0.1 is no tenth in binary. A text is read digit by digit.
const credits = z.union([z.int().min(0).max(MAX_AMOUNT), z.string().regex(/^\d{1,16}(\.\d{1,18})?$/)], {
  error: 'credits must be a whole number, or a decimal as text such as "0.0125"',
});
const rate = { credits, per: whole.default(1) };

const shared = {
  /** The unit of account that the feature is paid in. */
  unit: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,31}$/)
    .default("credit"),
  rounding: z.enum(roundings).default("up"),
  /** Credits that a quantity costs at the least, unless its tier is free; 0: a small one may round to nothing. */
  minimum: z.int().min(0).max(MAX_AMOUNT).default(1),
};

const flatPrice = z.strictObject({ ...rate, ...shared });
const tieredPrice = z.strictObject({
  /** graduated: each part at its own tier's rate. volume: all at the rate of the tier that the quantity reaches. */
  mode: z.enum(["graduated", "volume"]),
  tiers: z
    .array(z.strictObject({ ...rate, upTo: whole.nullable() }))
    .min(1)
    .max(100)
    .refine((tiers) => tiers.every(({ upTo }, index) => (upTo === null) === (index === tiers.length - 1)), {
      error: "the last tier, and only that, has upTo: null",
    })
    .refine((tiers) => tiers.every(({ upTo }, index) => upTo === null || upTo > (tiers[index - 1]?.upTo ?? 0)), {
      error: "tiers must rise",
    }),
  ...shared,
});

/** Prices by feature, as a product's configuration has them. */
export const featurePrices = z
  .record(z.string().min(1).max(255), z.union([flatPrice, tieredPrice]))
  .transform(
    (features): PriceTable => new Map(Object.entries(features).map(([feature, price]) => [feature, exact(price)])),
  );

export type FeaturePriceInput = z.input<typeof flatPrice> | z.input<typeof tieredPrice>;

function exact(price: z.output<typeof flatPrice> | z.output<typeof tieredPrice>): FeaturePrice {
  const { unit, rounding } = price;
  const tiers = "tiers" in price ? price.tiers : [{ credits: price.credits, per: price.per, upTo: null }];
  return {
    unit,
    rounding,
    minimum: BigInt(price.minimum),
    mode: "tiers" in price ? price.mode : "graduated",
    tiers: tiers.map((tier) => ({
      upTo: tier.upTo === null ? null : BigInt(tier.upTo),
      rate: toRate(tier.credits, tier.per),
    })),
  };
}

function toRate(price: number | string, per: number): Rate {
  const [digits = "0", decimals = ""] = String(price).split(".");
  return { numerator: BigInt(digits + decimals), denominator: 10n ** BigInt(decimals.length) * BigInt(per) };
}
