// New subscriptions: made by a request, which leaves them incomplete until the first payment, or by a checkout that has
// taken the payment already.
import { standingMethod } from "../payments/customer.ts";
import { invalid } from "../protocol/refusal.ts";
import type { Subscription, SubscriptionItem } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { Customer, Metadata, PaymentIntent, Price } from "../store/document.ts";
import { createId } from "../store/ids.ts";
import { collectInvoice } from "./collect.ts";
import { finalizeInvoice } from "./finalize.ts";
import { markPaid } from "./paid.ts";
import { periodEnd } from "./period.ts";
import { planSubscription, TRIAL_NOTICE_S } from "./plan.ts";
import { draftFor } from "./subscription-invoice.ts";

export interface NewSubscriptionItem {
  readonly price: Price;
  readonly quantity: number;
  readonly metadata: Metadata;
}

export interface NewSubscription {
  readonly customer: Customer;
  readonly items: readonly NewSubscriptionItem[];
  readonly metadata: Metadata;
  readonly trial_end?: number | null;
  readonly missing_payment_method?: string;
  readonly default_payment_method?: string | null;
  readonly collection_method?: Subscription["collection_method"];
  readonly days_until_due?: number | null;
  readonly payment_behavior?: string;
  readonly cancel_at?: number | null;
  readonly cancel_at_period_end?: boolean;
  readonly description?: string | null;
  /** The payment that a checkout took for it. */
  readonly intent?: PaymentIntent | null;
  readonly fromCheckout?: boolean;
}

/** Makes the subscription and its first invoice, and takes the first payment. @throws Refusal */
export async function subscribe(change: Change, given: NewSubscription): Promise<Subscription> {
  const { customer, fromCheckout = false } = given;
  const method = await standingMethod(change, customer.id, given.default_payment_method);
  const trial = (given.trial_end ?? 0) > change.now;
  const behaviour = given.payment_behavior ?? "allow_incomplete";
  const automatic = given.collection_method !== "send_invoice";
  const free = given.items.every(({ price }) => price.unit_amount === 0);
  if (automatic && !trial && !free && !fromCheckout && method === null && behaviour !== "default_incomplete") {
    throw invalid(
      "This customer has no attached payment source or default payment method. Please consider adding a default payment method.",
      { code: "resource_missing" },
    );
  }
  const waits = automatic && !trial && !free && !fromCheckout;
  const status = trial ? "trialing" : waits ? "incomplete" : "active";
  const created = await change.create(subscriptionDocument(change, given, status), "customer.subscription.created");
  const invoiced = await firstInvoice(change, created, { given, trial, attempts: behaviour !== "default_incomplete" });
  await planSubscription(change, invoiced);
  return trial ? tellShortTrial(change, invoiced) : invoiced;
}

async function firstInvoice(
  change: Change,
  subscription: Subscription,
  { given, trial, attempts }: { given: NewSubscription; trial: boolean; attempts: boolean },
): Promise<Subscription> {
  const [item] = subscription.items.data;
  const pays = { start: item?.current_period_start ?? change.now, end: item?.current_period_end ?? change.now };
  const period = { start: change.now, end: change.now };
  const draft = await draftFor(change, subscription, { reason: "subscription_create", pays, period, trial });
  const { intent = null } = given;
  const open = await finalizeInvoice(change, draft, { intent });
  const charge = await change.find("charge", intent?.latest_charge ?? null);
  if (intent !== null) await change.update(intent, { _invoice: open.id }, null);
  if (open.status === "open" && charge?.status === "succeeded") await markPaid(change, open, { charge });
  else if (open.status === "open" && intent === null && attempts && open.collection_method === "charge_automatically") {
    const { confirmation } = await collectInvoice(change, open);
    if (confirmation?.outcome === "declined" && given.payment_behavior === "error_if_incomplete") {
      // Nothing of it stays: the refusal does not keep.
      throw invalid(confirmation.refusal.message, { code: "card_declined" });
    }
  }
  return change.get("subscription", subscription.id);
}

/** A trial shorter than the notice is told to end at once. */
async function tellShortTrial(change: Change, subscription: Subscription): Promise<Subscription> {
  const { trial_end: end } = subscription;
  if (end === null || end - TRIAL_NOTICE_S > change.now) return subscription;
  return tellTrialEnding(change, subscription);
}

export async function tellTrialEnding(change: Change, subscription: Subscription): Promise<Subscription> {
  const told = await change.update(subscription, { _trial_told: subscription.trial_end }, null);
  await change.tell("customer.subscription.trial_will_end", told);
  await planSubscription(change, told);
  return told;
}

export function itemDocument(
  subscription: string,
  given: NewSubscriptionItem,
  { created, start, end }: { created: number; start: number; end: number },
): SubscriptionItem {
  return {
    id: createId("si", 14),
    object: "subscription_item",
    billing_thresholds: null,
    created,
    current_period_end: end,
    current_period_start: start,
    discounts: [],
    metadata: given.metadata,
    price: given.price,
    quantity: given.quantity,
    subscription,
    tax_rates: [],
  };
}

function subscriptionDocument(change: Change, given: NewSubscription, status: Subscription["status"]): Subscription {
  const id = createId("sub");
  const [first] = given.items;
  const recurring = first?.price.recurring ?? null;
  if (first === undefined || recurring === null) {
    throw invalid(
      "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
      {
        param: "items",
      },
    );
  }
  const trialEnd = status === "trialing" ? (given.trial_end ?? null) : null;
  const anchor = trialEnd ?? change.now;
  const end = trialEnd ?? periodEnd(anchor, recurring, change.now);
  const period = { created: change.now, start: change.now, end };
  const data = given.items.map((item) => itemDocument(id, item, period));
  const atPeriodEnd = given.cancel_at_period_end === true;
  return {
    id,
    object: "subscription",
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: anchor,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: "included" }, type: "flexible" },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: atPeriodEnd ? end : (given.cancel_at ?? null),
    cancel_at_period_end: atPeriodEnd,
    canceled_at: atPeriodEnd ? change.now : null,
    cancellation_details: { comment: null, feedback: null, reason: null },
    collection_method: given.collection_method ?? "charge_automatically",
    created: change.now,
    currency: first.price.currency,
    customer: given.customer.id,
    customer_account: null,
    days_until_due: given.days_until_due ?? null,
    default_payment_method: given.default_payment_method ?? null,
    default_source: null,
    default_tax_rates: [],
    description: given.description ?? null,
    discounts: [],
    ended_at: null,
    invoice_settings: { account_tax_ids: null, issuer: { type: "self" } },
    items: { object: "list", data, has_more: false, url: `/v1/subscription_items?subscription=${id}` },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: given.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: "off" },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: change.now,
    status,
    test_clock: change.clock,
    transfer_data: null,
    trial_end: trialEnd,
    trial_settings: { end_behavior: { missing_payment_method: given.missing_payment_method ?? "create_invoice" } },
    trial_start: trialEnd === null ? null : change.now,
  };
}
