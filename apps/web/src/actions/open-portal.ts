// Opens the provider's page where the signed-in user sees to cards, invoices and subscriptions.
"use server";
import { redirect } from "next/navigation";
import { isTallystickError } from "tallystick";
import { requirePayments } from "../billing/payments.ts";
import { pageUrl } from "../public-url.ts";
import { tally } from "../tally.ts";
import { formInput } from "./form-input.ts";
import { Refusal } from "./refusal.ts";
import { signedInAction } from "./signed-in-action.ts";

export const openPortal = signedInAction.inputSchema(formInput({})).stateAction(async ({ ctx: { userId } }) => {
  requirePayments();
  const { url } = await tally()
    .billing.portal({ userId, returnUrl: pageUrl("/billing") })
    .catch((error: unknown) => {
      if (!isTallystickError(error) || error.code !== "not_found") throw error;
      throw new Refusal("You have bought nothing yet, so there is nothing to see to.");
    });
  redirect(url);
});
