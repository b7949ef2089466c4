// /v1/invoiceitems
import { addLines, lineOfInvoiceItem } from "../billing/draft.ts";
import { createItem } from "../billing/invoice-item.ts";
import type { Api } from "../protocol/api.ts";
import type { Params } from "../protocol/params.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import type { Price } from "../store/document.ts";

export function invoiceItemRoutes(api: Api): void {
  api.resource("/invoiceitems", "invoiceitem", ["customer", "invoice"]);
  api.post("/invoiceitems", async (change, { params }) => {
    const customer = await change.get("customer", params.required("customer"), "customer");
    const at = await change.on(customer.test_clock);
    const price = await priceOf(at, params);
    const quantity = params.integer("quantity") ?? 1;
    const invoiceId = params.text("invoice");
    const invoice = invoiceId === null ? null : await at.get("invoice", invoiceId, "invoice");
    if (invoice !== null && invoice.status !== "draft") {
      throw invalid("The invoice is not a draft any more.", { code: "invoice_not_editable" });
    }
    const item = await createItem(at, {
      customer: customer.id,
      amount: price === null ? params.requiredInteger("amount") : price.unit_amount * quantity,
      currency: params.text("currency")?.toLowerCase() ?? price?.currency ?? customer.currency ?? "usd",
      description: params.text("description"),
      period: { start: at.now, end: at.now },
      quantity,
      price,
      subscription: params.text("subscription"),
      metadata: params.metadata(),
    });
    if (invoice !== null) await addLines(at, invoice, [lineOfInvoiceItem(item)]);
    return at.get("invoiceitem", item.id);
  });
  api.delete("/invoiceitems/:id", async (change, { part }) => {
    const item = await change.get("invoiceitem", part("id"));
    if (item.invoice !== null) throw invalid("The item is on an invoice already.");
    await change.remove(item, "invoiceitem.deleted");
    return { id: item.id, object: "invoiceitem", deleted: true };
  });
}

async function priceOf(change: Change, params: Params): Promise<Price | null> {
  const id = params.nested("pricing").text("price") ?? params.text("price");
  return id === null ? null : change.get("price", id, "price");
}
