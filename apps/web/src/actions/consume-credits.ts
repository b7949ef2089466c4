// Spends the signed-in user's credits: whole amounts only, once for each idempotency key.
"use server";
import { revalidatePath } from "next/cache";
import { after } from "next/server";
import { isTallystickError } from "tallystick";
import * as z from "zod";
import { tally } from "../tally.ts";
import { signedInAction } from "./signed-in-action.ts";

export type ConsumeCreditsResult =
  | { readonly success: true; readonly remainingCredits: number }
  | { readonly success: false; readonly remainingCredits: number; readonly error: string };

const input = z.object({
  amount: z
    .number({ error: "Enter a whole number of credits." })
    .int({ error: "Enter a whole number of credits." })
    .positive({ error: "Use at least 1 credit." }),
  description: z.string().trim().max(200, { error: "Use at most 200 characters." }).optional(),
  /** Names one intent: a form that is sent twice spends once. */
  idempotencyKey: z.string().min(1).max(100).optional(),
});

export const consumeCreditsAction = signedInAction
  .inputSchema(input)
  .action(async ({ parsedInput, ctx: { userId } }): Promise<ConsumeCreditsResult> => {
    const { amount, description, idempotencyKey } = parsedInput;
    after(async () => tally().wake({ budgetMs: 5000 }));
    // Also after a refusal: the page then shows the balance that refused, and a form with a new key.
    revalidatePath("/credits");
    try {
      const { available } = await tally().credits.consume({
        userId,
        amount,
        description: description || "Used on the credits page",
        ...(idempotencyKey && { idempotencyKey }),
      });
      return { success: true, remainingCredits: available };
    } catch (error) {
      if (!isTallystickError(error)) throw error;
      const { available } = await tally().credits.balance({ userId });
      return { success: false, remainingCredits: available, error: explain(error.code, available) };
    }
  });

function explain(code: string, available: number): string {
  const credits = new Intl.NumberFormat("en").format(available);
  switch (code) {
    case "insufficient_credits":
      return `Not enough credits: you have ${credits} available. Nothing was used.`;
    case "idempotency_conflict":
      return "This form was sent before with another amount. Check the history, then send it again.";
    default:
      return "The ledger refused this. Nothing was used.";
  }
}
