// A quantity in place of an amount: callers of spending operations say "3 images", and the server's price table says what
// that costs, once, before the ledger sees it.
import { invalid, type AccountInput } from "./input.ts";
import type { PriceTable } from "./price-table-schema.ts";
import { cost } from "./price-table.ts";

interface Spending extends AccountInput {
  readonly amount: number;
  readonly feature?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** What an operation takes, or the same with a quantity of its feature in place of the amount. */
export type PricedInput<Input extends Spending> =
  | (Input & { readonly quantity?: undefined })
  | (Omit<Input, "amount" | "feature"> & {
      readonly amount?: undefined;
      readonly feature: string;
      /** How much of the feature: a whole number, priced by the catalog. */
      readonly quantity: number;
    });

/**
 * Prices a quantity. The amount is what the ledger keeps and proves, and what an idempotency key is compared by; the
 * quantity is noted in the entry's metadata, which can be erased, unless the caller's metadata says it already.
 * @throws invalid_request when both or neither are given, and as `cost` does
 */
export function priced<Input extends Spending>(prices: PriceTable, input: PricedInput<Input>): Input {
  if (input.quantity === undefined) return input;
  if (input.amount !== undefined) throw invalid("give amount or quantity, not both.");
  const { quantity, ...rest } = input;
  const { unit, amount } = cost(prices, { feature: rest.feature, quantity });
  if (rest.unit !== undefined && rest.unit !== unit) {
    throw invalid(`the feature ${rest.feature} is priced in ${unit}, not in ${rest.unit}.`);
  }
  if (amount === 0) throw invalid(`${quantity} of ${rest.feature} cost nothing: there is nothing to spend.`);
  // The same fields as Input's, with amount and feature put back.
  return { ...rest, unit, amount, metadata: { quantity, ...rest.metadata } } as unknown as Input;
}
