// Products and prices, and what a price is in a currency.
import type { Json } from "../../stripe/read.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import type { Metadata, Price, Product, Recurring } from "../store/document.ts";
import { createId } from "../store/ids.ts";
import { planOf } from "../shape/before-basil.ts";

export async function createProduct(
  change: Change,
  given: { id: string | null; name: string; fields?: Json },
): Promise<Product> {
  const id = given.id ?? createId("prod", 14);
  if ((await change.find("product", id)) !== null) {
    throw invalid("Product already exists.", { code: "resource_already_exists", param: "id" });
  }
  const document: Product = {
    id,
    object: "product",
    active: true,
    created: change.now,
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name: given.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    type: "service",
    unit_label: null,
    updated: change.now,
    url: null,
    ...given.fields,
  };
  return change.create(document, "product.created");
}

export interface NewPrice {
  readonly id?: string | null;
  readonly product: string;
  readonly currency: string;
  readonly unit_amount: number;
  readonly recurring?: { readonly interval: Recurring["interval"]; readonly interval_count?: number } | null;
  readonly lookup_key?: string | null;
  readonly nickname?: string | null;
  readonly metadata?: Metadata;
  readonly currency_options?: Readonly<Record<string, number>>;
}

export async function createPrice(change: Change, given: NewPrice): Promise<Price> {
  const { recurring = null, unit_amount: amount } = given;
  const interval =
    recurring === null
      ? null
      : {
          interval: recurring.interval,
          interval_count: recurring.interval_count ?? 1,
          meter: null,
          trial_period_days: null,
          usage_type: "licensed",
        };
  const document: Price = {
    id: given.id ?? createId("price"),
    object: "price",
    active: true,
    billing_scheme: "per_unit",
    created: change.now,
    currency: given.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: given.lookup_key ?? null,
    metadata: given.metadata ?? {},
    nickname: given.nickname ?? null,
    product: given.product,
    recurring: interval,
    tax_behavior: "unspecified",
    tiers_mode: null,
    transform_quantity: null,
    type: interval === null ? "one_time" : "recurring",
    unit_amount: amount,
    unit_amount_decimal: String(amount),
    _currency_options: given.currency_options ?? {},
  };
  const price = await change.create(document, "price.created");
  const plan = planOf(price);
  if (plan !== null) await change.tell("plan.created", plan);
  return price;
}

/** The price as it is in a currency: its own, or one of its options. @throws Refusal */
export function priceIn(price: Price, currency: string | null): Price {
  if (currency === null || currency === price.currency) return price;
  const amount = price._currency_options[currency];
  if (amount === undefined) {
    throw invalid(`The price ${price.id} is not available in ${currency}.`, { param: "currency" });
  }
  return { ...price, currency, unit_amount: amount, unit_amount_decimal: String(amount) };
}
