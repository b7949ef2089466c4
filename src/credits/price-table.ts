// The price table: what a quantity of a feature costs in credits. Pure and exact: prices are ratios of whole numbers, and
// a cost is rounded once, at its end. Configuration of the server; nothing a client sends can change it.
import { MAX_AMOUNT } from "../kernel/amount.ts";
import { invalid } from "./input.ts";
import type { FeaturePrice, PriceTable, Rate, Rounding } from "./price-table-schema.ts";

export interface CostInput {
  readonly feature: string;
  /** How much of the feature, in what it is priced in (images, tokens): a whole number, 1 to 2^53-1. */
  readonly quantity: number;
}

export interface Cost {
  readonly feature: string;
  readonly quantity: number;
  /** The unit of account that the feature is paid in. */
  readonly unit: string;
  /** Credits: a whole number; 0 where the tier is free, or where the feature's `minimum` is 0. */
  readonly amount: number;
}

/**
 * What a quantity costs, to the credit. A greater quantity never costs less, but by `volume` tiers. Rounded `up` (the
 * default) at one rate, parts never cost less together than the whole; rounded `down` without a minimum, never more.
 * @throws invalid_request when the feature has no price, the quantity is not one, or the cost exceeds 2^53-1
 */
export function cost(prices: PriceTable, { feature, quantity }: CostInput): Cost {
  const price = prices.get(feature);
  if (price === undefined) throw invalid(`the catalog has no price for the feature ${JSON.stringify(feature)}.`);
  if (!Number.isSafeInteger(quantity) || quantity < 1) {
    throw invalid(`quantity must be a whole number from 1 to ${MAX_AMOUNT}.`);
  }
  const exact = price.mode === "volume" ? volume(price, BigInt(quantity)) : graduated(price, BigInt(quantity));
  const rounded = round(exact, price.rounding);
  const amount = exact.numerator > 0n && rounded < price.minimum ? price.minimum : rounded;
  if (amount > BigInt(MAX_AMOUNT)) throw invalid(`${quantity} of ${feature} cost more than 2^53-1 credits.`);
  return { feature, quantity, unit: price.unit, amount: Number(amount) };
}

/** Each part of the quantity at the rate of the tier that it lies in. */
function graduated({ tiers }: FeaturePrice, quantity: bigint): Rate {
  let sum: Rate = { numerator: 0n, denominator: 1n };
  let from = 0n;
  for (const { upTo, rate } of tiers) {
    const to = upTo === null || upTo > quantity ? quantity : upTo;
    sum = {
      numerator: sum.numerator * rate.denominator + (to - from) * rate.numerator * sum.denominator,
      denominator: sum.denominator * rate.denominator,
    };
    if (to === quantity) break;
    from = to;
  }
  return sum;
}

/** All of the quantity at the rate of the tier that its end lies in. */
function volume({ tiers }: FeaturePrice, quantity: bigint): Rate {
  const tier = tiers.find(({ upTo }) => upTo === null || quantity <= upTo);
  const { numerator, denominator } = tier?.rate ?? { numerator: 0n, denominator: 1n };
  return { numerator: quantity * numerator, denominator };
}

// Neither is negative, so BigInt's truncation is the floor.
function round({ numerator, denominator }: Rate, rounding: Rounding): bigint {
  const floor = numerator / denominator;
  const rest = numerator % denominator;
  if (rest === 0n || rounding === "down") return floor;
  if (rounding === "up") return floor + 1n;
  const twice = rest * 2n;
  if (twice === denominator) return floor % 2n === 0n ? floor : floor + 1n;
  return twice > denominator ? floor + 1n : floor;
}
