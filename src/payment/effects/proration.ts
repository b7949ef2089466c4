// What the lines of a paid change of plan give, where the plan says so: for the time that is left of a month, what the new
// plan gives more than the old one. A change that gives less takes nothing back.
import { grantForFact } from "../../credits/grant.ts";
import { MAX_AMOUNT } from "../../kernel/amount.ts";
import type { Catalog, Plan } from "../catalog.ts";
import type { InvoiceLine } from "../provider.ts";
import type { EffectContext } from "./context.ts";

export interface Proration {
  readonly plan: Plan;
  readonly credits: number;
}

/** The credits of an invoice's prorations, above zero; null when they give none. Rounded down, once for all lines. */
export function prorationOf(catalog: Catalog, lines: readonly InvoiceLine[]): Proration | null {
  let credits = 0;
  let plan: Plan | null = null;
  for (const line of lines) {
    const entry = line.proration && line.priceId !== null ? catalog.price(line.priceId) : undefined;
    // The months of a plan that rolls over follow the subscription, and have given the difference.
    if (line.amount < 0 && entry?.kind === "plan" && entry.plan.rollover !== null) return null;
    if (entry?.kind !== "plan" || entry.interval !== "month" || line.period === null) continue;
    credits += Math.sign(line.amount) * entry.credits * line.quantity * shareOfMonth(line.period);
    if (line.amount > 0 && entry.plan.proration === "credits") plan = entry.plan;
  }
  // A sum of shares is a hair off where they cancel out.
  const whole = Math.min(MAX_AMOUNT, Math.floor(credits + 1e-6));
  return plan === null || whole < 1 ? null : { plan, credits: whole };
}

// The line's period ends with the month that it is a part of.
function shareOfMonth({ startsAt, endsAt }: NonNullable<InvoiceLine["period"]>): number {
  const monthStart = new Date(endsAt);
  monthStart.setUTCMonth(monthStart.getUTCMonth() - 1);
  // A month before the 31st: from the last day of a shorter one.
  if (monthStart.getUTCDate() !== endsAt.getUTCDate()) monthStart.setUTCDate(0);
  const share = (endsAt.getTime() - startsAt.getTime()) / (endsAt.getTime() - monthStart.getTime());
  return Math.max(0, Math.min(1, share));
}

/** Grants them, once for the invoice. */
export async function giveProration(
  { tx, provider }: EffectContext,
  { plan, credits }: Proration,
  paid: { readonly userId: string; readonly paymentId: number; readonly invoiceId: string },
): Promise<void> {
  await grantForFact(tx, {
    userId: paid.userId,
    amount: credits,
    type: "subscription_renewal",
    validDays: plan.validDays,
    paymentId: paid.paymentId,
    provider,
    fact: `invoice_proration:${paid.invoiceId}`,
    description: plan.name,
  });
}
