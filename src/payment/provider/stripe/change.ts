// What Stripe is asked to do with a subscription: end it, keep it, give it another price. What it answers is its state
// then; what that means here comes with the event, which is re-read and applied in its turn.
import type Stripe from "stripe";
import type {
  ChangeOutcome,
  ChangePreview,
  PriceChange,
  Proration,
  SubscriptionReference,
} from "../../provider-actions.ts";
import type { SubscriptionState } from "../../provider-state.ts";
import { TallystickError } from "../../../kernel/errors.ts";
import { stripeApi, type ApiOptions } from "./api.ts";
import { explained } from "./explained.ts";
import { isProration } from "./invoice.ts";
import type { PriceNames } from "./price-names.ts";
import { currency, idOf, integer, listed, quantity, record, required, text, time, type Json } from "./read.ts";
import { clientFor, priceIdOf } from "./sell.ts";
import { changedFact } from "./subscription.ts";

const ended = new Set<unknown>(["canceled", "incomplete_expired"]);
const behaviors = { invoice_now: "always_invoice", next_invoice: "create_prorations", none: "none" } as const;

interface Asking {
  readonly options: ApiOptions;
  readonly names: PriceNames;
}

/** One subscription that has not ended, and what is asked about it. */
interface Opened {
  readonly stripe: Stripe;
  readonly present: Json;
  /** Its state with the catalog's names of prices. */
  stateOf(subscription: object): Promise<SubscriptionState>;
  priceId(name: string): Promise<string>;
}

export async function cancelSubscription(
  asking: Asking,
  subscription: SubscriptionReference & { readonly when: "period_end" | "now" },
): Promise<SubscriptionState> {
  const { subscriptionId: id, when } = subscription;
  return opened(asking, subscription, async ({ stripe, stateOf }) =>
    stateOf(
      when === "now"
        ? await stripe.subscriptions.cancel(id)
        : await stripe.subscriptions.update(id, { cancel_at_period_end: true }),
    ),
  );
}

export async function resumeSubscription(
  asking: Asking,
  subscription: SubscriptionReference,
): Promise<SubscriptionState> {
  const { subscriptionId: id } = subscription;
  return opened(asking, subscription, async ({ stripe, present, stateOf }) => {
    if (present.cancel_at_period_end === true) {
      return stateOf(await stripe.subscriptions.update(id, { cancel_at_period_end: false }));
    }
    if (time(present.cancel_at) === null) return stateOf(present);
    return stateOf(await stripe.subscriptions.update(id, { cancel_at: "" }));
  });
}

export async function previewChange(asking: Asking, change: PriceChange): Promise<ChangePreview> {
  return opened(asking, change, async (subscription) => {
    const { item } = await itemOf(subscription, change);
    const invoice = record(
      await subscription.stripe.invoices.createPreview({
        subscription: change.subscriptionId,
        subscription_details: { items: [item], proration_behavior: behaviors.invoice_now },
      }),
    );
    const lines = listed(invoice.lines).map((line) => ({
      description: text(line.description),
      amount: integer(line.amount) ?? 0,
      quantity: quantity(line.quantity),
      proration: isProration(line),
    }));
    const amount = required(integer(invoice.amount_due), "amount of the preview");
    return { dueNow: { amount, currency: currency(invoice.currency) }, lines };
  });
}

/** Invoiced now, the change waits for its payment: nobody gets the dearer plan on a card that declines. */
export async function changePrice(
  asking: Asking,
  change: PriceChange & { readonly proration: Proration },
): Promise<ChangeOutcome> {
  return opened(asking, change, async (subscription) => {
    const { item, same } = await itemOf(subscription, change);
    if (same) return { subscription: await subscription.stateOf(subscription.present), pending: null };
    const changed = record(
      await subscription.stripe.subscriptions.update(change.subscriptionId, {
        items: [item],
        proration_behavior: behaviors[change.proration],
        payment_behavior: change.proration === "invoice_now" ? "pending_if_incomplete" : "allow_incomplete",
        expand: ["latest_invoice"],
      }),
    );
    const waits = typeof changed.pending_update === "object" && changed.pending_update !== null;
    return { subscription: await subscription.stateOf(changed), pending: waits ? pendingOf(changed) : null };
  });
}

async function opened<Result>(
  { options, names }: Asking,
  { subscriptionId, isPlanPrice }: SubscriptionReference,
  work: (subscription: Opened) => Promise<Result>,
): Promise<Result> {
  const { stripe, signal } = await clientFor(options);
  return explained(async () => {
    const present = record(await stripe.subscriptions.retrieve(subscriptionId));
    if (ended.has(present.status)) {
      throw new TallystickError("invalid_state", "The subscription has ended; a new one is bought with a checkout.");
    }
    return work({
      stripe,
      present,
      async stateOf(subscription) {
        const fact = changedFact(record(subscription));
        const [named] = await names.name([fact], isPlanPrice, stripeApi(options, signal));
        return named?.kind === "subscription_changed" ? named.subscription : fact.subscription;
      },
      priceId: async (name) => priceIdOf(options, signal, name),
    });
  });
}

interface ChangedItem {
  readonly item: { readonly id: string; readonly price: string; readonly quantity: number };
  /** It has that price and quantity already. */
  readonly same: boolean;
}

async function itemOf({ present, stateOf, priceId }: Opened, change: PriceChange): Promise<ChangedItem> {
  const price = await priceId(change.priceId);
  const { items: known } = await stateOf(present);
  const plans = listed(present.items).filter((_, index) => change.isPlanPrice(known[index]?.priceId ?? ""));
  const [own] = plans;
  if (own === undefined || plans.length > 1) {
    const many = plans.length === 0 ? "no item" : "several items";
    throw new TallystickError(
      "invalid_state",
      `The subscription has ${many} of the catalog's plans; change it at Stripe.`,
    );
  }
  const before = integer(own.quantity) ?? 1;
  const item = { id: required(text(own.id), "subscription item"), price, quantity: change.quantity ?? before };
  return { item, same: idOf(own.price) === price && item.quantity === before };
}

function pendingOf(subscription: Json): NonNullable<ChangeOutcome["pending"]> {
  const invoice = record(subscription.latest_invoice);
  return {
    expiresAt: time(record(subscription.pending_update).expires_at),
    payUrl: text(invoice.hosted_invoice_url),
  };
}
