// What Stripe can be asked to do, with a secret key.
import type { ProviderActions } from "../../provider-actions.ts";
import type { ApiOptions } from "./api.ts";
import { cancelSubscription, changePrice, previewChange, resumeSubscription } from "./change.ts";
import { chargeOffSession, voidCharge } from "./off-session.ts";
import type { PriceNames } from "./price-names.ts";
import { checkoutState, createCustomer, openCheckout, openPortal } from "./sell.ts";

export function stripeActions(options: ApiOptions, names: PriceNames): ProviderActions {
  const asking = { options, names };
  return {
    createCustomer: async (order) => createCustomer(options, order),
    openCheckout: async (order) => openCheckout(options, order),
    checkoutState: async (checkoutId) => checkoutState(options, checkoutId),
    openPortal: async (input) => openPortal(options, input),
    cancel: async (subscription) => cancelSubscription(asking, subscription),
    resume: async (subscription) => resumeSubscription(asking, subscription),
    previewChange: async (change) => previewChange(asking, change),
    change: async (change) => changePrice(asking, change),
    chargeOffSession: async (order) => chargeOffSession(asking, order),
    voidCharge: async (charge) => voidCharge(asking, charge),
  };
}
