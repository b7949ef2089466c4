// Deferred revenue: for each payment, how much of its money stands for credits that nobody has used yet.
import type { PlanTerms } from "../credits/plan-terms.ts";
import { checkRange, checkedLimit, type TimeRange } from "../credits/insight/bounds.ts";
import { checkOptionalText, checkTime, invalid } from "../credits/input.ts";
import type { Database } from "../db/database.ts";

export interface DeferredRevenueInput extends TimeRange {
  /** As of this moment; default now. Payments that were paid later are not listed. */
  readonly at?: Date | undefined;
  readonly userId?: string | undefined;
  /** Payments in a page: 1 to 100, default 20. `from` and `to` are times of payment. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** granted = used + expired + clawedBack + adjusted + transferred + remaining. */
export interface DeferredRevenue {
  readonly paymentId: string;
  readonly provider: string;
  readonly userId: string | null;
  readonly type: string;
  readonly paidAt: Date | null;
  readonly currency: string | null;
  /** Minor units of the currency; null when the provider did not say. */
  readonly paidAmount: number | null;
  readonly returnedAmount: number;
  readonly granted: number;
  /** Credits that the payment has bought and distribution has yet to grant, such as the later months of a year. */
  readonly toCome: number;
  readonly used: number;
  readonly expired: number;
  readonly clawedBack: number;
  readonly adjusted: number;
  readonly transferred: number;
  readonly remaining: number;
  /** Minor units: floor(paid × (remaining + toCome) / (granted + toCome)), and never more than paid − returned. */
  readonly deferredAmount: number | null;
}

export interface DeferredRevenuePage {
  readonly items: readonly DeferredRevenue[];
  readonly nextCursor: string | null;
}

/**
 * Lists paid payments, newest first, with what became of their credits and the deferred part of their money. Every credit
 * of a payment is worth the same; rounding is down, so that no unit is deferred twice. A payment that bought no credits
 * defers nothing. As of a past moment the credits are exactly what they were; money returned counts from when it was last
 * told, and an enrolment's future periods are valued by the catalog of today.
 * @throws invalid_request
 */
export async function deferredRevenue(
  database: Database,
  plans: readonly PlanTerms[],
  input: DeferredRevenueInput = {},
): Promise<DeferredRevenuePage> {
  const { userId, from, to, at, cursor } = input;
  checkTime("at", at);
  checkRange({ from, to });
  checkOptionalText("userId", userId, 255);
  const limit = checkedLimit(input.limit);
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor))
    throw invalid("cursor must be the nextCursor of an earlier page.");
  const rows = await database.query<Omit<DeferredRevenue, "paymentId"> & { id: number }>(
    `with moment as (
       select coalesce($1::timestamptz, tallystick.clock()) as at
     ), page as (
       select payment.* from tallystick.payment, moment
       where paid and ($2::bigint is null or id < $2) and ($3::text is null or user_id = $3)
         and ($4::timestamptz is null or paid_at >= $4) and ($5::timestamptz is null or paid_at < $5)
         and paid_at <= moment.at
       order by id desc limit $6
     ), valued as (
       select page.*, credits.*,
         case when credits.returned_at <= moment.at then credits.returned_amount else 0 end as returned_by_then
       from moment cross join page
       join tallystick.payment_credits(array(select id from page), $7::jsonb, (select at from moment)) credits
         on credits.payment_id = page.id
     )
     select id, provider, user_id as "userId", type, paid_at as "paidAt", currency, amount as "paidAmount",
       returned_by_then as "returnedAmount", granted, to_come as "toCome", used, expired, clawed_back as "clawedBack",
       adjusted, transferred, remaining,
       case when amount is null then null when granted + to_come = 0 then 0
         else greatest(0, least(amount - returned_by_then,
           floor(amount::numeric * (remaining + to_come) / (granted + to_come)))) end as "deferredAmount"
     from valued order by id desc`,
    [
      at?.toISOString().replace("Z", "999Z") ?? null,
      cursor ?? null,
      userId ?? null,
      from ?? null,
      to ?? null,
      limit + 1,
      JSON.stringify(plans.map(({ id, credits }) => ({ planId: id, credits }))),
    ],
  );
  const page = rows.slice(0, limit);
  return {
    items: page.map(({ id, ...row }) => ({ paymentId: String(id), ...row })),
    nextCursor: rows.length > limit ? String(page.at(-1)?.id) : null,
  };
}
