// The provider's own page, where a customer sees invoices, changes the card, cancels.
import { TallystickError } from "../../kernel/errors.ts";
import { customerOf, requireKnownUser } from "./buyer.ts";
import { requireSeller, type BillingContext } from "./context.ts";
import { checkUrl } from "./input.ts";

export interface PortalInput {
  readonly userId: string;
  readonly returnUrl: string;
  readonly provider?: string | undefined;
}

/** A frozen user may see to payments too. @throws invalid_request, not_found, invalid_state, provider_unavailable */
export async function portal(context: BillingContext, input: PortalInput): Promise<{ readonly url: string }> {
  const returnUrl = checkUrl("returnUrl", input.returnUrl);
  const { name, actions } = requireSeller(context, input.provider);
  requireKnownUser(input.userId);
  const customerId = await customerOf(context.database, name, input.userId);
  const url = customerId === null ? null : await actions.openPortal({ customerId, returnUrl });
  if (url !== null) return { url };
  throw new TallystickError("not_found", `The user has bought nothing from ${name} yet; there is nothing to see to.`);
}
