// /v1/prices
import type { Api } from "../protocol/api.ts";
import { page } from "../protocol/page.ts";
import type { Params } from "../protocol/params.ts";
import { invalid, missingParameter } from "../protocol/refusal.ts";
import { createPrice, createProduct } from "../billing/price.ts";
import type { Change } from "../store/change.ts";
import type { Price } from "../store/document.ts";

const intervals = ["day", "week", "month", "year"] as const;

export function priceRoutes(api: Api): void {
  api.get("/prices/:id", async (change, { part }) => withOptions(await change.get("price", part("id"))));
  api.get("/prices", async (change, { params }) => {
    const [product, currency, type] = [params.text("product"), params.text("currency"), params.text("type")];
    const keys = params.texts("lookup_keys");
    const active = params.flag("active");
    const containing = {
      ...(product !== null && { product }),
      ...(currency !== null && { currency }),
      ...(type !== null && { type }),
      ...(active !== null && { active }),
    };
    if (keys.length === 0) return page(change, "price", { params, containing, url: "/v1/prices" });
    const all = await change.all("price", containing);
    const data = all.filter(({ lookup_key: key }) => key !== null && keys.includes(key)).toReversed();
    return { object: "list", data, has_more: false, url: "/v1/prices" };
  });
  api.post("/prices", async (change, { params }) => priceFrom(change, params, await productOf(change, params)));
  api.post("/prices/:id", async (change, { params, part }) => {
    const price = await change.get("price", part("id"));
    const active = params.flag("active");
    const fields = {
      metadata: params.metadata(price.metadata),
      ...(active !== null && { active }),
      ...(params.has("nickname") && { nickname: params.text("nickname") }),
      ...(params.has("lookup_key") && { lookup_key: params.text("lookup_key") }),
    };
    await freeLookupKey(change, params);
    return change.update(price, fields, "price.updated");
  });
}

/** The price of `price_data` or of a request, for a product. */
export async function priceFrom(change: Change, params: Params, product: string): Promise<Price> {
  const recurring = params.nested("recurring");
  const interval = recurring.choice("interval", intervals);
  await freeLookupKey(change, params);
  return createPrice(change, {
    product,
    currency: params.required("currency").toLowerCase(),
    unit_amount: readAmount(params),
    recurring: interval === null ? null : { interval, interval_count: recurring.integer("interval_count") ?? 1 },
    lookup_key: params.text("lookup_key"),
    nickname: params.text("nickname"),
    metadata: params.metadata(),
    currency_options: readOptions(params.nested("currency_options")),
  });
}

/** The price that a line names by its id or describes as price_data. */
export async function linePrice(change: Change, line: Params): Promise<Price> {
  const id = line.text("price") ?? line.text("plan");
  if (id !== null) return change.get("price", id, "price");
  if (!line.has("price_data")) throw missingParameter("price");
  const data = line.nested("price_data");
  return priceFrom(change, data, await productOf(change, data));
}

async function productOf(change: Change, params: Params): Promise<string> {
  const id = params.text("product");
  if (id !== null) return (await change.get("product", id, "product")).id;
  if (!params.has("product_data")) throw missingParameter("product");
  const data = params.nested("product_data");
  const fields = { description: data.text("description"), metadata: data.metadata() };
  return (await createProduct(change, { id: data.text("id"), name: data.required("name"), fields })).id;
}

function readAmount(params: Params): number {
  const decimal = params.text("unit_amount_decimal");
  const amount = decimal === null ? params.requiredInteger("unit_amount") : Number(decimal);
  if (Number.isSafeInteger(amount) && amount >= 0) return amount;
  throw invalid("The sandbox's prices are whole numbers of the currency's minor unit.", { param: "unit_amount" });
}

function readOptions(options: Params): Record<string, number> {
  return Object.fromEntries(
    options.names.map((currency) => [currency.toLowerCase(), options.nested(currency).requiredInteger("unit_amount")]),
  );
}

// A lookup key names one price; it moves only where that is asked.
async function freeLookupKey(change: Change, params: Params): Promise<void> {
  const key = params.text("lookup_key");
  if (key === null) return;
  for (const holder of await change.all("price", { lookup_key: key })) {
    if (params.flag("transfer_lookup_key") !== true) {
      throw invalid(`A price (\`${holder.id}\`) already uses that lookup key.`, { param: "lookup_key" });
    }
    await change.update(holder, { lookup_key: null }, "price.updated");
  }
}

// Stripe shows the options where they are expanded; here they are always shown on retrieval.
function withOptions(price: Price) {
  const options = { [price.currency]: price.unit_amount, ...price._currency_options };
  const shown = Object.entries(options).map(([currency, unit_amount]) => [
    currency,
    { custom_unit_amount: null, tax_behavior: "unspecified", unit_amount, unit_amount_decimal: String(unit_amount) },
  ]);
  return { ...price, currency_options: Object.fromEntries(shown) };
}
