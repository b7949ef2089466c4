// Gives the signed-in user's subscription another price of the catalog, after saying what that would cost.
"use server";
import { revalidatePath } from "next/cache";
import * as z from "zod";
import { requirePayments } from "../billing/payments.ts";
import { untilTold } from "../billing/until-told.ts";
import { dayOf } from "../format.ts";
import { money } from "../money.ts";
import { tally } from "../tally.ts";
import { signedInAction } from "./signed-in-action.ts";

const input = z.object({ subscriptionId: z.string().min(1).max(255), priceId: z.string().min(1).max(255) });

/** Sums as they are read. */
export interface ShownPreview {
  readonly dueNow: string;
  readonly isFree: boolean;
  /** What is left over of what was paid, and kept for the next invoices; null: nothing. */
  readonly leftOver: string | null;
  readonly lines: readonly { readonly text: string; readonly amount: string }[];
}

export const previewChange = signedInAction
  .inputSchema(input)
  .action(async ({ parsedInput, ctx: { userId } }): Promise<ShownPreview> => {
    requirePayments();
    const { dueNow, currency, lines } = await tally().billing.previewChange({ userId, ...parsedInput });
    const sum = lines.reduce((total, { amount }) => total + amount, 0);
    return {
      leftOver: sum < 0 ? money(-sum, currency) : null,
      dueNow: money(dueNow, currency),
      isFree: dueNow === 0,
      lines: lines.map(({ description, amount }) => ({
        text: description ?? (amount < 0 ? "Unused time" : "New price"),
        amount: money(amount, currency),
      })),
    };
  });

export type ChangeResult =
  | { readonly done: true; readonly shown: boolean }
  /** The change waits for a payment that did not go through. */
  | { readonly done: false; readonly until: string | null; readonly payUrl: string | null };

export const changeSubscription = signedInAction
  .inputSchema(input)
  .action(async ({ parsedInput, ctx: { userId } }): Promise<ChangeResult> => {
    requirePayments();
    const { subscription, pending } = await tally().billing.change({ userId, ...parsedInput });
    if (pending !== null) {
      const { expiresAt, payUrl } = pending;
      return { done: false, until: expiresAt === null ? null : dayOf(expiresAt), payUrl };
    }
    const shown = await untilTold(userId, subscription);
    revalidatePath("/billing");
    return { done: true, shown };
  });
