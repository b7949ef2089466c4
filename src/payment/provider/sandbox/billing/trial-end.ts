// A trial that ends without a payment method ends as its settings say: paused, cancelled, or going on unpaid.
import { standingMethod } from "../payments/customer.ts";
import type { Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { endSubscription } from "./end-subscription.ts";
import { pauseSubscription } from "./pause.ts";

/** Whether a paid period may begin; where it may not, the subscription is paused or ended here. */
export async function outlivesTrial(change: Change, subscription: Subscription): Promise<boolean> {
  const method = await standingMethod(change, subscription.customer, subscription.default_payment_method);
  if (method !== null || subscription.collection_method === "send_invoice") return true;
  const { missing_payment_method: behaviour } = subscription.trial_settings.end_behavior;
  if (behaviour === "pause") await pauseSubscription(change, subscription);
  if (behaviour === "cancel") await endSubscription(change, subscription, { reason: "payment_failed" });
  return behaviour !== "pause" && behaviour !== "cancel";
}
