// /v1/charges, and the balance transactions behind them. Charges are made by payment intents.
import type { Api } from "../protocol/api.ts";
import { pageOfItems } from "../protocol/page.ts";

export function chargeRoutes(api: Api): void {
  api.resource("/charges", "charge", ["customer", "payment_intent"]);
  api.resource("/balance_transactions", "balance_transaction", ["source", "type"]);
  api.get("/charges/:id/refunds", async (change, { params, part }) => {
    const refunds = await change.all("refund", { charge: (await change.get("charge", part("id"))).id });
    return pageOfItems(refunds.toReversed(), params, `/v1/charges/${part("id")}/refunds`);
  });
  api.post("/charges/:id", async (change, { params, part }) => {
    const charge = await change.get("charge", part("id"));
    return change.update(charge, { metadata: params.metadata(charge.metadata) }, "charge.updated");
  });
}
