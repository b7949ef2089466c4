// Ends the signed-in user's subscription with the period that is paid for, and takes that back.
"use server";
import { revalidatePath } from "next/cache";
import * as z from "zod";
import { requirePayments } from "../billing/payments.ts";
import { untilTold } from "../billing/until-told.ts";
import { tally } from "../tally.ts";
import { signedInAction } from "./signed-in-action.ts";

const input = z.object({ subscriptionId: z.string().min(1).max(255) });

/** `shown`: the page shows it already; else in a moment. */
export interface SubscriptionChanged {
  readonly shown: boolean;
}

export const cancelSubscription = signedInAction
  .inputSchema(input)
  .action(async ({ parsedInput: { subscriptionId }, ctx: { userId } }): Promise<SubscriptionChanged> => {
    requirePayments();
    const state = await tally().billing.cancel({ userId, subscriptionId, when: "period_end" });
    const shown = await untilTold(userId, state);
    revalidatePath("/billing");
    return { shown };
  });

export const resumeSubscription = signedInAction
  .inputSchema(input)
  .action(async ({ parsedInput: { subscriptionId }, ctx: { userId } }): Promise<SubscriptionChanged> => {
    requirePayments();
    const state = await tally().billing.resume({ userId, subscriptionId });
    const shown = await untilTold(userId, state);
    revalidatePath("/billing");
    return { shown };
  });
