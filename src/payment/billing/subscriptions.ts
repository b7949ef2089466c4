// A user's subscriptions: read as they were last told, and ended, kept or changed at the provider. Nothing is stored here:
// the provider tells of what became of it, and that has its effect like any other event.
import { checkAccount } from "../../credits/input.ts";
import { TallystickError } from "../../kernel/errors.ts";
import type { ChangeOutcome, PreviewLine, PriceChange, Proration, SubscriptionReference } from "../provider-actions.ts";
import type { SubscriptionState } from "../provider-state.ts";
import { listSubscriptions, type SubscriptionView } from "../subscription-row.ts";
import { requireForSale } from "./checkout.ts";
import { requireBuyer } from "./buyer.ts";
import { requireSeller, type BillingContext, type Seller } from "./context.ts";
import { checkChoice, checkId, checkQuantity } from "./input.ts";

export interface OwnSubscription {
  readonly userId: string;
  readonly subscriptionId: string;
}

export interface CancelInput extends OwnSubscription {
  /** now: nothing is paid back by itself. */
  readonly when: "period_end" | "now";
}

export interface PreviewChangeInput extends OwnSubscription {
  /** A monthly or yearly price of a plan in the catalog. */
  readonly priceId: string;
  /** 1 to 100; default as many as before. */
  readonly quantity?: number | undefined;
}

export interface ChangeInput extends PreviewChangeInput {
  /**
   * invoice_now (default): the difference is paid at once, and without the payment nothing changes. next_invoice: it changes
   * now, and the difference rides the next invoice. none: it changes now, and the new price is paid from the next invoice on.
   */
  readonly proration?: Proration | undefined;
}

export interface PreviewedChange {
  /** What is to be paid at once, in the currency's minor unit. */
  readonly dueNow: number;
  readonly currency: string;
  readonly lines: readonly PreviewLine[];
}

/** @throws invalid_request */
export async function subscriptionsOf(
  { database }: BillingContext,
  userId: string,
): Promise<readonly SubscriptionView[]> {
  checkAccount({ userId });
  return listSubscriptions(database, userId);
}

/** @throws invalid_request, not_found, invalid_state, provider_unavailable */
export async function cancel(context: BillingContext, input: CancelInput): Promise<SubscriptionState> {
  checkChoice("when", input.when, ["period_end", "now"]);
  const { actions } = await requireOwn(context, input);
  return actions.cancel({ ...referenceOf(context, input), when: input.when });
}

/** @throws invalid_request, not_found, invalid_state, provider_unavailable */
export async function resume(context: BillingContext, input: OwnSubscription): Promise<SubscriptionState> {
  const { actions } = await requireOwn(context, input);
  return actions.resume(referenceOf(context, input));
}

/** @throws invalid_request, not_found, invalid_state, provider_unavailable */
export async function previewChange(context: BillingContext, input: PreviewChangeInput): Promise<PreviewedChange> {
  const wanted = changeOf(context, input);
  const { actions } = await requireOwn(context, input);
  const { dueNow, lines } = await actions.previewChange(wanted);
  return { dueNow: dueNow.amount, currency: dueNow.currency, lines };
}

/** @throws invalid_request, not_found, invalid_state, account_frozen, provider_unavailable */
export async function change(context: BillingContext, input: ChangeInput): Promise<ChangeOutcome> {
  const { proration = "invoice_now" } = input;
  checkChoice("proration", proration, ["invoice_now", "next_invoice", "none"]);
  const wanted = changeOf(context, input);
  const { actions } = await requireOwn(context, input);
  await requireBuyer(context, input.userId);
  return actions.change({ ...wanted, proration });
}

function referenceOf({ catalog }: BillingContext, { subscriptionId }: OwnSubscription): SubscriptionReference {
  return {
    subscriptionId,
    isPlanPrice(id) {
      const entry = catalog.price(id);
      return entry?.kind === "plan" && entry.interval !== "lifetime";
    },
  };
}

function changeOf(context: BillingContext, input: PreviewChangeInput): PriceChange {
  const { priceId, quantity } = input;
  checkQuantity(quantity);
  requireForSale(context, priceId);
  const subscription = referenceOf(context, input);
  if (subscription.isPlanPrice(priceId)) return { ...subscription, priceId, quantity: quantity ?? null };
  throw new TallystickError(
    "invalid_request",
    `A subscription can't become price ${priceId}, which is paid once; it is bought with a checkout.`,
  );
}

/** The same answer for a subscription that is another's and for one that is not there. */
async function requireOwn(context: BillingContext, { userId, subscriptionId }: OwnSubscription): Promise<Seller> {
  checkAccount({ userId });
  checkId("subscriptionId", subscriptionId);
  const [own] = await listSubscriptions(context.database, userId, subscriptionId);
  if (own === undefined) throw new TallystickError("not_found", "The user has no such subscription.");
  return requireSeller(context, own.provider);
}
