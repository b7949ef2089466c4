// Cancelling at once, with a credit for the time that is not used and an invoice of it where that is asked.
import type { Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import { collectInvoice } from "./collect.ts";
import { endSubscription } from "./end-subscription.ts";
import { finalizeInvoice } from "./finalize.ts";
import { pendingItems } from "./invoice-item.ts";
import { prorate } from "./proration.ts";
import { draftFor } from "./subscription-invoice.ts";

export async function cancelSubscription(
  change: Change,
  subscription: Subscription,
  { prorates, invoicesNow }: { prorates: boolean; invoicesNow: boolean },
): Promise<Subscription> {
  if (prorates) {
    const difference = { before: subscription.items.data, after: [] };
    await prorate(change, subscription, { difference, at: change.now, charges: false });
  }
  if (invoicesNow && (await pendingItems(change, subscription.customer, subscription.id)).length > 0) {
    const period = { start: change.now, end: change.now };
    const draft = await draftFor(change, subscription, { reason: "subscription_update", pays: null, period });
    const open = await finalizeInvoice(change, draft);
    if (open.status === "open") await collectInvoice(change, open);
  }
  return endSubscription(change, subscription, { reason: null });
}
