// The prices of a catalog as the sandbox sells them, with the catalog's ids.
import type { Catalog } from "../../../catalog.ts";
import type { SeedPrice } from "./seed.ts";

/** What a price costs here for which the catalog says no amount; in minor units. */
const PLACEHOLDER_AMOUNT = 1_000;

/** What the catalog says, and 10.00 USD where it says no amount. */
export function catalogPrices({ prices }: Catalog): readonly SeedPrice[] {
  return prices.map(({ id, name, interval, amount, currency }) => ({
    id,
    name,
    unit_amount: amount ?? PLACEHOLDER_AMOUNT,
    ...(currency !== null && { currency }),
    interval: interval === "once" ? null : interval,
  }));
}
