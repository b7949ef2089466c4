// /v1/disputes. They are opened by a payment method that is known for it, or by the control API.
import { answerDispute, closeDispute } from "../payments/dispute.ts";
import type { Api } from "../protocol/api.ts";
import type { Change } from "../store/change.ts";
import type { Dispute } from "../store/document.ts";

export function disputeRoutes(api: Api): void {
  api.resource("/disputes", "dispute", ["charge", "payment_intent"]);
  api.post("/disputes/:id", async (change, { params, part }) => {
    const dispute = await change.get("dispute", part("id"));
    const evidence = params.nested("evidence");
    const texts = evidence.names.map((name) => [name, evidence.text(name)]);
    return answerDispute(await clockOf(change, dispute), dispute, {
      evidence: Object.fromEntries(texts),
      submit: params.flag("submit") ?? true,
      metadata: params.metadata(dispute.metadata),
    });
  });
  api.post("/disputes/:id/close", async (change, { part }) => {
    const dispute = await change.get("dispute", part("id"));
    return closeDispute(await clockOf(change, dispute), dispute, "lost");
  });
}

async function clockOf(change: Change, dispute: Dispute): Promise<Change> {
  const charge = await change.get("charge", dispute.charge);
  const customer = await change.find("customer", charge.customer);
  return change.on(customer?.test_clock ?? null);
}
