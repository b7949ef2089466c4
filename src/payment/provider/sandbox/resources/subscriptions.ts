// /v1/subscriptions and /v1/subscription_items
import { cancelSubscription } from "../billing/cancel.ts";
import { changeSubscription } from "../billing/change-subscription.ts";
import { pauseSubscription, resumeSubscription } from "../billing/pause.ts";
import { subscribe, type NewSubscriptionItem } from "../billing/subscribe.ts";
import { methodOf } from "../payments/method.ts";
import type { Api } from "../protocol/api.ts";
import { page, pageOfItems } from "../protocol/page.ts";
import type { Params } from "../protocol/params.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { priceIn } from "../billing/price.ts";
import { linePrice } from "./prices.ts";
import { readAnchor, readSubscriptionChange } from "./subscription-params.ts";

const DAY_S = 86_400;
const ended = new Set(["canceled", "incomplete_expired"]);

export function subscriptionRoutes(api: Api): void {
  api.get("/subscriptions/:id", async (change, { part }) => change.get("subscription", part("id")));
  api.get("/subscriptions", async (change, { params }) => {
    const [customer, status] = [params.text("customer"), params.text("status")];
    const filter = status === null || status === "all" || status === "ended" ? {} : { status };
    const containing = { ...(customer !== null && { customer }), ...filter };
    const found = await page(change, "subscription", { params, containing, url: "/v1/subscriptions" });
    const data = (found.data as Subscription[]).filter((subscription) => isMeant(subscription, status));
    return { ...found, data };
  });
  api.post("/subscriptions", async (change, { params }) => {
    const customer = await change.get("customer", params.required("customer"), "customer");
    const at = await change.on(customer.test_clock);
    return subscribe(at, {
      customer,
      items: await readItems(at, params),
      metadata: params.metadata(),
      trial_end: readTrialEnd(at, params),
      missing_payment_method:
        params.nested("trial_settings").nested("end_behavior").text("missing_payment_method") ?? "create_invoice",
      default_payment_method: await methodId(at, params),
      collection_method:
        params.choice("collection_method", ["charge_automatically", "send_invoice"]) ?? "charge_automatically",
      days_until_due: params.integer("days_until_due"),
      payment_behavior: params.text("payment_behavior") ?? "allow_incomplete",
      cancel_at: params.integer("cancel_at"),
      cancel_at_period_end: params.flag("cancel_at_period_end") === true,
      description: params.text("description"),
    });
  });
  api.post("/subscriptions/:id", async (change, { params, part }) => {
    const { at, subscription } = await located(change, part("id"));
    if (ended.has(subscription.status)) {
      throw invalid("A canceled subscription can only update its cancellation_details and metadata.");
    }
    return changeSubscription(at, subscription, await readSubscriptionChange(at, subscription, params));
  });
  api.delete("/subscriptions/:id", async (change, { params, part }) => {
    const { at, subscription } = await located(change, part("id"));
    if (subscription.ended_at !== null) throw invalid(`No such subscription: '${subscription.id}'`, { param: "id" });
    const [prorates, invoicesNow] = [params.flag("prorate") === true, params.flag("invoice_now") === true];
    return cancelSubscription(at, subscription, { prorates, invoicesNow });
  });
  api.post("/subscriptions/:id/pause", async (change, { part }) => {
    const { at, subscription } = await located(change, part("id"));
    return pauseSubscription(at, subscription);
  });
  api.post("/subscriptions/:id/resume", async (change, { params, part }) => {
    const { at, subscription } = await located(change, part("id"));
    return resumeSubscription(at, subscription, { anchor: readAnchor(params) === "unchanged" ? "unchanged" : "now" });
  });
  api.get("/subscription_items", async (change, { params }) => {
    const subscription = await change.get("subscription", params.required("subscription"), "subscription");
    return pageOfItems(subscription.items.data, params, "/v1/subscription_items");
  });
}

// What has ended is listed only where it is asked for.
function isMeant({ status: is }: Subscription, asked: string | null): boolean {
  if (asked === null) return !ended.has(is);
  return asked !== "ended" || ended.has(is);
}

async function located(change: Change, id: string): Promise<{ at: Change; subscription: Subscription }> {
  const subscription = await change.get("subscription", id);
  return { at: await change.on(subscription.test_clock), subscription };
}

async function readItems(change: Change, params: Params): Promise<readonly NewSubscriptionItem[]> {
  const currency = params.text("currency")?.toLowerCase() ?? null;
  const items: NewSubscriptionItem[] = [];
  for (const item of params.many("items")) {
    const price = priceIn(await linePrice(change, item), currency);
    items.push({ price, quantity: item.integer("quantity") ?? 1, metadata: item.metadata() });
  }
  return items;
}

function readTrialEnd(change: Change, params: Params): number | null {
  const days = params.integer("trial_period_days");
  if (days !== null) return change.now + days * DAY_S;
  return params.text("trial_end") === "now" ? null : params.integer("trial_end");
}

async function methodId(change: Change, params: Params): Promise<string | null> {
  const given = params.text("default_payment_method");
  return given === null ? null : (await methodOf(change, given)).id;
}
