// What Stripe can be asked to do, with a secret key.
import type { ProviderActions } from "../../provider-actions.ts";
import type { ApiOptions } from "./api.ts";
import type { PriceNames } from "./price-names.ts";

export function stripeActions(options: ApiOptions, names: PriceNames): ProviderActions {
  const asking = { options, names };
  // Loaded by who sells, not by every process that takes events.
  const selling = async () => import("./sell.ts");
  const changing = async () => import("./change.ts");
  const charging = async () => import("./off-session.ts");
  return {
    createCustomer: async (order) => (await selling()).createCustomer(options, order),
    openCheckout: async (order) => (await selling()).openCheckout(options, order),
    checkoutState: async (checkoutId) => (await selling()).checkoutState(options, checkoutId),
    openPortal: async (input) => (await selling()).openPortal(options, input),
    cancel: async (subscription) => (await changing()).cancelSubscription(asking, subscription),
    resume: async (subscription) => (await changing()).resumeSubscription(asking, subscription),
    previewChange: async (change) => (await changing()).previewChange(asking, change),
    change: async (change) => (await changing()).changePrice(asking, change),
    chargeOffSession: async (order) => (await charging()).chargeOffSession(asking, order),
    voidCharge: async (charge) => (await charging()).voidCharge(asking, charge),
  };
}
