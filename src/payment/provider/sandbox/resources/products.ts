// /v1/products
import type { Api } from "../protocol/api.ts";
import type { Params } from "../protocol/params.ts";
import { createProduct } from "../billing/price.ts";
import { priceFrom } from "./prices.ts";

export function productRoutes(api: Api): void {
  api.resource("/products", "product");
  api.post("/products", async (change, { params }) => {
    const fields = { ...readFields(params), metadata: params.metadata() };
    const product = await createProduct(change, { id: params.text("id"), name: params.required("name"), fields });
    if (!params.has("default_price_data")) return product;
    const price = await priceFrom(change, params.nested("default_price_data"), product.id);
    return change.update(product, { default_price: price.id }, "product.updated");
  });
  api.post("/products/:id", async (change, { params, part }) => {
    const product = await change.get("product", part("id"));
    const fields = { ...readFields(params), metadata: params.metadata(product.metadata), updated: change.now };
    return change.update(product, fields, "product.updated");
  });
  api.delete("/products/:id", async (change, { part }) => {
    const product = await change.get("product", part("id"));
    await change.remove(product, "product.deleted");
    return { id: product.id, object: "product", deleted: true };
  });
}

function readFields(params: Params): Record<string, unknown> {
  const texts = ["name", "description", "url", "unit_label", "statement_descriptor", "default_price"];
  const active = params.flag("active");
  return {
    ...Object.fromEntries(texts.filter((name) => params.has(name)).map((name) => [name, params.text(name)])),
    ...(active !== null && { active }),
  };
}
