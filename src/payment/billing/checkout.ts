// A checkout: what the catalog has, for a user that may buy it, paid on the provider's page. Its credits come with the
// payment's event and are the catalog's.
import { checkOptionalText } from "../../credits/input.ts";
import { TallystickError } from "../../kernel/errors.ts";
import { sha256 } from "../../kernel/sha256.ts";
import type { Plan, PriceEntry } from "../catalog.ts";
import type { Checkout } from "../provider-actions.ts";
import { listSubscriptions } from "../subscription-row.ts";
import { requireBuyer, withCustomer } from "./buyer.ts";
import { requireSeller, type BillingContext } from "./context.ts";
import { checkQuantity, checkUrl, withCheckoutId } from "./input.ts";

export interface CheckoutInput {
  readonly userId: string;
  /** Written to the provider's customer when it is made; not stored here. */
  readonly email?: string | undefined;
  /** A price of the catalog. */
  readonly priceId: string;
  /** 1 to 100; default 1. */
  readonly quantity?: number | undefined;
  /** Where the payer comes back to, with the checkout's id as `checkout_id`, or where `{CHECKOUT_SESSION_ID}` stands. */
  readonly successUrl: string;
  readonly cancelUrl: string;
  readonly allowPromotionCodes?: boolean | undefined;
  /** The card is kept for top-ups (`autoTopUp`). A subscription's always is. */
  readonly savePaymentMethod?: boolean | undefined;
  /** Called twice with one key, by one user, it answers one checkout. */
  readonly idempotencyKey?: string | undefined;
  /** May be left out where only one is configured. */
  readonly provider?: string | undefined;
}

/**
 * Opens a checkout. Of the open checkouts of one plan's subscription the last can be paid; those before it are ended.
 * @throws invalid_request, invalid_state, account_frozen, idempotency_conflict, not_found, provider_unavailable
 */
export async function checkout(context: BillingContext, input: CheckoutInput): Promise<Checkout> {
  const { userId, priceId, email, idempotencyKey, quantity = 1 } = input;
  const entry = requireForSale(context, priceId);
  checkQuantity(quantity);
  checkOptionalText("email", email, 512);
  checkOptionalText("idempotencyKey", idempotencyKey, 255);
  const successUrl = withCheckoutId(checkUrl("successUrl", input.successUrl));
  const cancelUrl = checkUrl("cancelUrl", input.cancelUrl);
  const seller = requireSeller(context, input.provider);
  await requireBuyer(context, userId);
  const recurring = entry.kind === "plan" && entry.interval !== "lifetime";
  const trialDays = recurring ? await trialDaysFor(context, userId, entry.plan) : 0;
  const replaces = (id: string): boolean => {
    const other = context.catalog.price(id);
    return recurring && other?.kind === "plan" && other.plan.id === entry.plan.id;
  };
  return withCustomer(context, seller, { userId, email: email ?? null }, async (customerId) =>
    seller.actions.openCheckout({
      userId,
      customerId,
      priceId,
      recurring,
      trialDays,
      quantity,
      successUrl,
      cancelUrl,
      allowPromotionCodes: input.allowPromotionCodes === true,
      savePaymentMethod: input.savePaymentMethod === true,
      key: idempotencyKey === undefined ? null : await keyOf(userId, customerId, idempotencyKey),
      replaces,
    }),
  );
}

// The user's, so that nobody's key finds another's checkout.
async function keyOf(...parts: readonly string[]): Promise<string> {
  return sha256(JSON.stringify(parts));
}

/** @throws invalid_request */
export function requireForSale({ catalog }: BillingContext, priceId: string): Exclude<PriceEntry, { kind: "none" }> {
  const entry = catalog.price(priceId);
  if (entry !== undefined && entry.kind !== "none") return entry;
  throw new TallystickError(
    "invalid_request",
    "priceId must be a price of a plan or a pack in the catalog; what is sold, and for how much, is said there.",
  );
}

// `incomplete` was never paid and may be given up for another try.
const unpaidYet = "incomplete";
const neverPaid = "incomplete_expired";

/** A trial is for who never had a subscription. @throws invalid_state for who has one of the plan */
async function trialDaysFor({ database }: BillingContext, userId: string, plan: Plan): Promise<number> {
  const subscriptions = await listSubscriptions(database, userId);
  const begun = subscriptions.filter(({ status }) => status !== unpaidYet && status !== neverPaid);
  const has = begun.find((subscription) => !subscription.ended && subscription.planId === plan.id);
  if (has === undefined) return begun.length === 0 ? plan.trialDays : 0;
  throw new TallystickError(
    "invalid_state",
    `The user has subscription ${has.subscriptionId} of plan ${plan.id} already; change it (billing.change), or let the customer see to it (billing.portal).`,
    { details: { subscriptionId: has.subscriptionId } },
  );
}
