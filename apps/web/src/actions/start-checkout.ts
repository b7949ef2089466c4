// Opens the provider's page where one price of the catalog is paid, for the signed-in user and nobody else.
"use server";
import { redirect } from "next/navigation";
import * as z from "zod";
import { requirePayments } from "../billing/payments.ts";
import { pageUrl } from "../public-url.ts";
import { tally } from "../tally.ts";
import { formInput } from "./form-input.ts";
import { signedInAction } from "./signed-in-action.ts";

const input = formInput({
  priceId: z.string().min(1).max(255),
  quantity: z.coerce.number().int().min(1).max(100).optional(),
  /** Names one intent: a button that is pressed twice opens one checkout. */
  idempotencyKey: z.string().min(1).max(100).optional(),
});

export const startCheckout = signedInAction
  .inputSchema(input)
  .stateAction(async ({ parsedInput, ctx: { userId, email } }) => {
    requirePayments();
    const { url } = await tally().billing.checkout({
      userId,
      email,
      ...parsedInput,
      successUrl: pageUrl("/checkout/success"),
      cancelUrl: pageUrl("/pricing"),
    });
    redirect(url);
  });
