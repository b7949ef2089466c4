// /v1/refunds
import { cancelRefund, refundCharge, updateRefund } from "../payments/refund.ts";
import type { Api } from "../protocol/api.ts";
import type { Params } from "../protocol/params.ts";
import { invalid, missingParameter } from "../protocol/refusal.ts";
import type { Change } from "../store/change.ts";
import type { Charge } from "../store/document.ts";

export function refundRoutes(api: Api): void {
  api.resource("/refunds", "refund", ["charge", "payment_intent"]);
  api.post("/refunds", async (change, { params }) => {
    const charge = await chargeOf(change, params);
    const customer = await change.find("customer", charge.customer);
    const at = await change.on(customer?.test_clock ?? null);
    const [amount, reason] = [params.integer("amount"), params.text("reason")];
    return refundCharge(at, charge, { amount, reason, metadata: params.metadata() });
  });
  api.post("/refunds/:id", async (change, { params, part }) => {
    const refund = await change.get("refund", part("id"));
    return updateRefund(change, refund, { metadata: params.metadata(refund.metadata) });
  });
  api.post("/refunds/:id/cancel", async (change, { part }) =>
    cancelRefund(change, await change.get("refund", part("id"))),
  );
}

async function chargeOf(change: Change, params: Params): Promise<Charge> {
  const charge = params.text("charge");
  if (charge !== null) return change.get("charge", charge, "charge");
  const intentId = params.text("payment_intent");
  if (intentId === null) throw missingParameter("charge");
  const intent = await change.get("payment_intent", intentId, "payment_intent");
  if (intent.latest_charge === null) {
    throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`);
  }
  return change.get("charge", intent.latest_charge);
}
