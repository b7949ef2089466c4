// What a product calls to sell: checkouts, the billing portal, subscriptions. The caller says who and which price; sums
// are the provider's and credits the catalog's.
import type { ChangeOutcome, Checkout } from "../provider-actions.ts";
import type { SubscriptionState } from "../provider-state.ts";
import type { SubscriptionView } from "../subscription-row.ts";
import { createAutoTopUps, type AutoTopUps } from "./auto-top-up.ts";
import { checkout, type CheckoutInput } from "./checkout.ts";
import type { BillingContext } from "./context.ts";
import { checkoutOutcome, type CheckoutOutcome, type CheckoutOutcomeInput } from "./outcome.ts";
import { portal, type PortalInput } from "./portal.ts";
import {
  cancel,
  change,
  previewChange,
  resume,
  subscriptionsOf,
  type CancelInput,
  type ChangeInput,
  type OwnSubscription,
  type PreviewChangeInput,
  type PreviewedChange,
} from "./subscriptions.ts";

export interface Billing {
  /**
   * Opens a page of the provider where one price of the catalog is paid. Of calls at once one customer comes. A user with a
   * living subscription of the same plan is refused.
   * @throws invalid_request, invalid_state, account_frozen, idempotency_conflict, not_found, provider_unavailable
   */
  checkout(input: CheckoutInput): Promise<Checkout>;
  /** What became of a checkout, by the ledger. @throws not_found, also for another user's */
  checkoutOutcome(input: CheckoutOutcomeInput): Promise<CheckoutOutcome>;
  /** Opens the provider's page where a customer sees to payments. @throws not_found for who never bought */
  portal(input: PortalInput): Promise<{ readonly url: string }>;
  /** The user's subscriptions as they were last told, those that live first. */
  subscriptions(userId: string): Promise<readonly SubscriptionView[]>;
  /** Ends a subscription, and answers its state at the provider, which its event brings here; so below. */
  cancel(input: CancelInput): Promise<SubscriptionState>;
  /** Takes back a cancellation that is still to come. @throws invalid_state when the subscription has ended */
  resume(input: OwnSubscription): Promise<SubscriptionState>;
  /** What `change` would cost when it is invoiced now; changes nothing. */
  previewChange(input: PreviewChangeInput): Promise<PreviewedChange>;
  /** Gives a subscription another price or quantity. `pending`: it waits for a payment that did not go through. */
  change(input: ChangeInput): Promise<ChangeOutcome>;
  /** Packs that are bought by themselves, with the card that the user left, when little is available. */
  readonly autoTopUp: AutoTopUps;
}

export function createBilling(context: BillingContext): Billing {
  return {
    checkout: async (input) => checkout(context, input),
    checkoutOutcome: async (input) => checkoutOutcome(context, input),
    portal: async (input) => portal(context, input),
    subscriptions: async (userId) => subscriptionsOf(context, userId),
    cancel: async (input) => cancel(context, input),
    resume: async (input) => resume(context, input),
    previewChange: async (input) => previewChange(context, input),
    change: async (input) => change(context, input),
    autoTopUp: createAutoTopUps(context),
  };
}
