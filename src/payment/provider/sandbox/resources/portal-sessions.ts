// /v1/billing_portal/sessions
import type { Api } from "../protocol/api.ts";
import { createId } from "../store/ids.ts";

export function portalSessionRoutes(api: Api): void {
  api.post("/billing_portal/sessions", async (change, { params }) => {
    const customer = await change.get("customer", params.required("customer"), "customer");
    const id = createId("bps");
    return change.create(
      {
        id,
        object: "billing_portal.session",
        configuration: "bpc_sandbox",
        created: change.now,
        customer: customer.id,
        customer_account: null,
        flow: null,
        livemode: false,
        locale: null,
        on_behalf_of: null,
        return_url: params.text("return_url"),
        url: `${change.surroundings.origin()}/p/session/${id}`,
      },
      "billing_portal.session.created",
    );
  });
}
