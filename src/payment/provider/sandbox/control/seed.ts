// Prices with ids of the caller's choice, which Stripe does not give: the ones that a catalog names.
import { createPrice, createProduct } from "../billing/price.ts";
import type { Change } from "../store/change.ts";
import type { Interval } from "../store/document.ts";

export interface SeedPrice {
  readonly id: string;
  /** The product's name; the price's id where nothing is said. */
  readonly name?: string | undefined;
  readonly unit_amount: number;
  readonly currency?: string | undefined;
  /** Null: paid once. */
  readonly interval?: Interval | null | undefined;
}

/** Creates those that are not there; answers their ids. */
export async function seedPrices(change: Change, prices: readonly SeedPrice[]): Promise<readonly string[]> {
  const created: string[] = [];
  for (const { id, name = id, unit_amount, currency = "usd", interval = null } of prices) {
    if ((await change.find("price", id)) !== null) continue;
    const product = await createProduct(change, { id: null, name });
    const recurring = interval === null ? null : { interval };
    await createPrice(change, { id, product: product.id, currency, unit_amount, recurring, nickname: name });
    created.push(id);
  }
  return created;
}
