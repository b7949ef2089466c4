// /v1/invoices and /v1/invoice_payments
import { collectInvoice } from "../billing/collect.ts";
import { addLines, createInvoice, lineOfInvoiceItem } from "../billing/draft.ts";
import { finalizeInvoice } from "../billing/finalize.ts";
import { pendingItems } from "../billing/invoice-item.ts";
import { markUncollectible, payOutOfBand, voidInvoice } from "../billing/invoice-states.ts";
import { previewInvoice } from "../billing/preview.ts";
import { planFinalization } from "../billing/subscription-invoice.ts";
import { methodOf } from "../payments/method.ts";
import type { Api } from "../protocol/api.ts";
import { page, pageOfItems } from "../protocol/page.ts";
import type { Params } from "../protocol/params.ts";
import { invalid, Refusal } from "../protocol/refusal.ts";
import type { Invoice } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { readSubscriptionChange } from "./subscription-params.ts";

export function invoiceRoutes(api: Api): void {
  api.get("/invoices/:id", async (change, { part }) => change.get("invoice", part("id")));
  api.get("/invoices", async (change, { params }) => {
    const given = ["customer", "status", "collection_method"].map((name) => [name, params.text(name)]);
    const subscription = params.text("subscription");
    const containing = Object.fromEntries(
      [...given, ["_subscription", subscription]].filter(([, value]) => value !== null),
    );
    return page(change, "invoice", { params, containing, url: "/v1/invoices" });
  });
  api.get("/invoices/:id/lines", async (change, { params, part }) => {
    const invoice = await change.get("invoice", part("id"));
    return pageOfItems(invoice.lines.data, params, `/v1/invoices/${invoice.id}/lines`);
  });
  api.post("/invoices", async (change, { params }) => createDraft(change, params));
  // Before the addresses of one invoice.
  api.post("/invoices/create_preview", async (change, { params }) => {
    const subscription = await change.get("subscription", params.required("subscription"), "subscription");
    const at = await change.on(subscription.test_clock);
    const details = params.nested("subscription_details");
    return previewInvoice(at, subscription, await readSubscriptionChange(at, subscription, details));
  });
  api.post("/invoices/:id", async (change, { params, part }) => {
    const { at, invoice } = await located(change, part("id"));
    const advance = params.flag("auto_advance");
    const method = params.text("default_payment_method");
    const fields: Partial<Invoice> = {
      metadata: params.metadata(invoice.metadata),
      ...(params.has("description") && { description: params.text("description") }),
      ...(advance !== null && { auto_advance: advance }),
      ...(method !== null && { default_payment_method: (await methodOf(at, method)).id }),
    };
    return at.update(invoice, fields, "invoice.updated");
  });
  api.delete("/invoices/:id", async (change, { part }) => {
    const { at, invoice } = await located(change, part("id"));
    if (invoice.status !== "draft") throw invalid("You can only delete draft invoices.");
    await at.remove(invoice, "invoice.deleted");
    return { id: invoice.id, object: "invoice", deleted: true };
  });
  api.post("/invoices/:id/finalize", async (change, { part }) => {
    const { at, invoice } = await located(change, part("id"));
    return finalizeInvoice(at, invoice);
  });
  api.post("/invoices/:id/pay", async (change, { params, part }) => {
    const { at, invoice } = await located(change, part("id"));
    return pay(at, invoice, params);
  });
  api.post("/invoices/:id/void", async (change, { part }) => {
    const { at, invoice } = await located(change, part("id"));
    if (invoice.status === "paid") throw invalid("You can't void a paid invoice.");
    return voidInvoice(at, invoice);
  });
  api.post("/invoices/:id/mark_uncollectible", async (change, { part }) => {
    const { at, invoice } = await located(change, part("id"));
    return markUncollectible(at, invoice);
  });
  api.post("/invoices/:id/send", async (change, { part }) => {
    const { at, invoice } = await located(change, part("id"));
    const open = invoice.status === "draft" ? await finalizeInvoice(at, invoice) : invoice;
    await at.tell("invoice.sent", open);
    return open;
  });
  api.post("/invoices/:id/add_lines", async (change, { params, part }) => {
    const { at, invoice } = await located(change, part("id"));
    const items = [];
    for (const line of params.many("lines")) items.push(await at.get("invoiceitem", line.required("invoice_item")));
    return addLines(at, invoice, items.map(lineOfInvoiceItem));
  });
}

export function invoicePaymentRoutes(api: Api): void {
  api.get("/invoice_payments/:id", async (change, { part }) => change.get("invoice_payment", part("id")));
  api.get("/invoice_payments", async (change, { params }) => {
    const [invoice, status] = [params.text("invoice"), params.text("status")];
    const intent = params.nested("payment").text("payment_intent");
    const containing = {
      ...(invoice !== null && { invoice }),
      ...(status !== null && { status }),
      ...(intent !== null && { payment: { payment_intent: intent } }),
    };
    return page(change, "invoice_payment", { params, containing, url: "/v1/invoice_payments" });
  });
}

async function createDraft(change: Change, params: Params): Promise<Invoice> {
  const customer = await change.get("customer", params.required("customer"), "customer");
  const at = await change.on(customer.test_clock);
  const subscription = await at.find("subscription", params.text("subscription"));
  const includes = params.text("pending_invoice_items_behavior") === "include" || subscription !== null;
  const items = includes ? await pendingItems(at, customer.id, subscription?.id ?? null) : [];
  if (subscription !== null && items.length === 0) {
    throw invalid("Nothing to invoice for subscription", { code: "invoice_no_subscription_line_items" });
  }
  const invoice = await createInvoice(at, {
    customer,
    currency: params.text("currency") ?? items[0]?.currency ?? customer.currency ?? "usd",
    lines: items.map(lineOfInvoiceItem),
    billing_reason: "manual",
    auto_advance: params.flag("auto_advance") ?? false,
    period: { start: at.now, end: at.now },
    subscription,
    collection_method:
      params.choice("collection_method", ["charge_automatically", "send_invoice"]) ?? "charge_automatically",
    days_until_due: params.integer("days_until_due"),
    default_payment_method: params.text("default_payment_method"),
    description: params.text("description"),
    metadata: params.metadata(),
  });
  return planFinalization(at, invoice);
}

async function pay(change: Change, invoice: Invoice, params: Params): Promise<Invoice> {
  const open = invoice.status === "draft" ? await finalizeInvoice(change, invoice) : invoice;
  if (open.status === "paid") {
    if (invoice.status === "draft") return open;
    throw invalid("Invoice is already paid", { code: "invoice_already_paid" });
  }
  if (params.flag("paid_out_of_band") === true) return payOutOfBand(change, open);
  if (open.status !== "open") throw invalid(`An invoice that is ${open.status} can't be paid.`);
  const given = params.text("payment_method") ?? params.text("source");
  const method = given === null ? null : await methodOf(change, given);
  const { confirmation } = await collectInvoice(change, open, method);
  if (confirmation === null) throw noMethod();
  if (confirmation.outcome === "declined") throw confirmation.refusal;
  if (confirmation.outcome === "requires_action") throw needsAction(confirmation.intent.id);
  return change.get("invoice", open.id);
}

function noMethod(): Refusal {
  const message = "There is no `default_payment_method` set on this Customer or Invoice. Please set one.";
  return new Refusal(402, { type: "invalid_request_error", message }, { keeps: true });
}

function needsAction(intentId: string): Refusal {
  const message = "This payment requires additional user action before it can be completed successfully.";
  const body = { type: "card_error", code: "invoice_payment_intent_requires_action", message } as const;
  return new Refusal(402, { ...body, payment_intent: { id: intentId } }, { keeps: true });
}

async function located(change: Change, id: string): Promise<{ at: Change; invoice: Invoice }> {
  const invoice = await change.get("invoice", id);
  return { at: await change.on(invoice.test_clock), invoice };
}
