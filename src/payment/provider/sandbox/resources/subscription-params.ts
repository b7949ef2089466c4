// What an update of a subscription asks for.
import type { SubscriptionChange } from "../billing/change-subscription.ts";
import { periodOf } from "../billing/plan.ts";
import { itemDocument, type NewSubscriptionItem } from "../billing/subscribe.ts";
import { methodOf } from "../payments/method.ts";
import type { Params } from "../protocol/params.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Subscription, SubscriptionItem } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { linePrice } from "./prices.ts";

export async function readSubscriptionChange(
  change: Change,
  subscription: Subscription,
  params: Params,
): Promise<SubscriptionChange> {
  const items = await readItems(change, subscription, params);
  const trial = readTrial(change, params);
  const fields = {
    ...(params.has("metadata") && { metadata: params.metadata(subscription.metadata) }),
    ...(params.has("description") && { description: params.text("description") }),
    ...(await readMethod(change, params)),
    ...readEnd(change, subscription, params),
    ...readPause(params),
    ...(typeof trial === "number" && trialUntil(change, trial)),
  };
  const data = typeof trial === "number" ? items.map((item) => ({ ...item, current_period_end: trial })) : items;
  return {
    items: data,
    fields: typeof trial === "number" ? { ...fields, items: { ...subscription.items, data } } : fields,
    proration:
      params.choice("proration_behavior", ["create_prorations", "always_invoice", "none"]) ?? "create_prorations",
    prorationDate: params.integer("proration_date"),
    paymentBehavior: params.text("payment_behavior") ?? "allow_incomplete",
    endsTrial: trial === "now",
    resetsCycle: trial === "now" || readAnchor(params) === "now",
  };
}

async function readItems(
  change: Change,
  subscription: Subscription,
  params: Params,
): Promise<readonly SubscriptionItem[]> {
  const { start, end } = periodOf(subscription);
  const items = new Map(subscription.items.data.map((item) => [item.id, item]));
  for (const given of params.many("items")) {
    const id = given.text("id");
    const current = items.get(id ?? "");
    if (id !== null && current === undefined) throw invalid(`Invalid subscription_item id: ${id}`, { param: "items" });
    if (current === undefined) {
      const added = await readNewItem(change, given);
      const item = itemDocument(subscription.id, added, { created: change.now, start, end });
      items.set(item.id, item);
    } else if (given.flag("deleted") === true) items.delete(current.id);
    else items.set(current.id, await readItem(change, given, current));
  }
  if (items.size === 0) throw invalid("A subscription must have at least one item.", { param: "items" });
  return [...items.values()];
}

async function readNewItem(change: Change, given: Params): Promise<NewSubscriptionItem> {
  const quantity = given.integer("quantity") ?? 1;
  return { price: await linePrice(change, given), quantity, metadata: given.metadata() };
}

async function readItem(change: Change, given: Params, current: SubscriptionItem): Promise<SubscriptionItem> {
  const price = given.has("price") || given.has("price_data") ? await linePrice(change, given) : current.price;
  const quantity = given.integer("quantity") ?? current.quantity;
  return { ...current, price, quantity, metadata: given.metadata(current.metadata) };
}

/** `now`, the new end of the trial, or nothing about it. */
function readTrial(change: Change, params: Params): "now" | number | null {
  if (params.text("trial_end") === "now") return "now";
  const end = params.integer("trial_end");
  if (end !== null && end <= change.now) throw invalid("trial_end must be in the future.", { param: "trial_end" });
  return end;
}

function trialUntil(change: Change, end: number): Partial<Subscription> {
  return { status: "trialing", trial_end: end, trial_start: change.now, billing_cycle_anchor: end };
}

/** `now` or `unchanged`: a hash in the present API, a text before. */
export function readAnchor(params: Params): string | null {
  const hash = params.nested("billing_cycle_anchor").text("type");
  return (
    hash ?? (params.nested("billing_cycle_anchor").names.length === 0 ? params.text("billing_cycle_anchor") : null)
  );
}

async function readMethod(change: Change, params: Params): Promise<Partial<Subscription>> {
  const given = params.text("default_payment_method");
  return given === null ? {} : { default_payment_method: (await methodOf(change, given)).id };
}

function readEnd(change: Change, subscription: Subscription, params: Params): Partial<Subscription> {
  const atPeriodEnd = params.flag("cancel_at_period_end");
  const details = { comment: null, feedback: null };
  if (atPeriodEnd === true) {
    const { end } = periodOf(subscription);
    const told = { ...details, reason: "cancellation_requested" };
    return { cancel_at_period_end: true, cancel_at: end, canceled_at: change.now, cancellation_details: told };
  }
  if (atPeriodEnd === false || (params.has("cancel_at") && params.text("cancel_at") === null)) {
    const told = { ...details, reason: null };
    return { cancel_at_period_end: false, cancel_at: null, canceled_at: null, cancellation_details: told };
  }
  const at = params.text("cancel_at") === "min_period_end" ? periodOf(subscription).end : params.integer("cancel_at");
  return at === null ? {} : { cancel_at: at, cancel_at_period_end: false, canceled_at: change.now };
}

function readPause(params: Params): Partial<Subscription> {
  if (!params.has("pause_collection")) return {};
  const given = params.nested("pause_collection");
  if (given.names.length === 0) return { pause_collection: null };
  const behavior = given.choice("behavior", ["keep_as_draft", "mark_uncollectible", "void"]) ?? "void";
  return { pause_collection: { behavior, resumes_at: given.integer("resumes_at") } };
}
