// The subscription row: a provider's subscription as it was last read.
import type { Queryable } from "../db/database.ts";
import type { SubscriptionItem, SubscriptionState } from "./provider.ts";

// Stripe: a subscription never leaves these (docs.stripe.com/billing/subscriptions/overview).
const ended = ["canceled", "incomplete_expired"];

export interface SubscriptionInput {
  readonly provider: string;
  readonly userId: string;
  readonly customerId: string | null;
  /** The one plan among its items; null: none, or several. */
  readonly planId: string | null;
  readonly hasSeveralPlans: boolean;
  readonly item: SubscriptionItem | null;
  readonly subscription: SubscriptionState;
}

export interface StoredSubscription {
  readonly status: string;
  readonly ended: boolean;
  /** When a cancellation that is scheduled takes effect. */
  readonly endsAt: Date | null;
  /** Whether anything of the state became another. */
  readonly changed: boolean;
}

interface StoredRow {
  readonly status: string;
  readonly ends_at: Date | null;
}

const storedColumns = `status, coalesce(cancel_at, case when cancel_at_period_end then current_period_end end) as ends_at`;

// What a change is a change of. Events of one customer are handled one at a time, so the row read before is the one written.
const STATE = `jsonb_build_array(user_id, status, price_id, plan_id, quantity, current_period_end, cancel_at_period_end, cancel_at)`;

/** The name under which enrolments hang on a subscription. */
export function subscriptionSource(provider: string, subscriptionId: string): string {
  return `${provider}:${subscriptionId}`;
}

/**
 * Writes the state and answers what is stored then. An ended subscription stays ended, and a state that is known to be
 * older than the stored one changes nothing.
 */
export async function recordSubscription(tx: Queryable, input: SubscriptionInput): Promise<StoredSubscription> {
  const { subscription } = input;
  const [row] = await tx.query<StoredRow & { readonly changed: boolean }>(
    `with before as (
       select ${STATE} as state from tallystick.subscription where provider = $1 and subscription_id = $2)
     insert into tallystick.subscription as stored (provider, subscription_id, customer_id, user_id, price_id, plan_id, quantity,
       status, current_period_start, current_period_end, cancel_at_period_end, cancel_at, canceled_at, ended_at, trial_end,
       as_of, one_plan)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, not $18)
     on conflict (provider, subscription_id) do update set
       customer_id = coalesce(excluded.customer_id, stored.customer_id), user_id = excluded.user_id,
       price_id = excluded.price_id, plan_id = excluded.plan_id, quantity = excluded.quantity, status = excluded.status,
       current_period_start = excluded.current_period_start, current_period_end = excluded.current_period_end,
       cancel_at_period_end = excluded.cancel_at_period_end, cancel_at = excluded.cancel_at,
       canceled_at = excluded.canceled_at, ended_at = excluded.ended_at, trial_end = excluded.trial_end,
       as_of = excluded.as_of, one_plan = stored.one_plan and excluded.one_plan, updated_at = tallystick.clock()
     where (not stored.status = any ($17) or excluded.status = any ($17))
       and coalesce(stored.as_of <= excluded.as_of, true)
     returning ${storedColumns}, ${STATE} is distinct from (select state from before) as changed`,
    [
      input.provider,
      subscription.subscriptionId,
      input.customerId,
      input.userId,
      input.item?.priceId ?? null,
      input.planId,
      input.item?.quantity ?? 1,
      subscription.status,
      subscription.currentPeriodStart,
      subscription.currentPeriodEnd,
      subscription.cancelAtPeriodEnd,
      subscription.cancelAt,
      subscription.canceledAt,
      subscription.endedAt,
      subscription.trialEnd,
      subscription.asOf,
      ended,
      input.hasSeveralPlans,
    ],
  );
  const kept = row ?? (await readStored(tx, input));
  return {
    status: kept.status,
    ended: ended.includes(kept.status),
    endsAt: kept.ends_at,
    changed: row?.changed ?? false,
  };
}

async function readStored(tx: Queryable, { provider, subscription }: SubscriptionInput): Promise<StoredRow> {
  const [row] = await tx.query<StoredRow>(
    `select ${storedColumns} from tallystick.subscription where provider = $1 and subscription_id = $2`,
    [provider, subscription.subscriptionId],
  );
  return row ?? { status: subscription.status, ends_at: null };
}

export interface Standing {
  readonly status: string;
  readonly ended: boolean;
  /** The plan that it has, and never had another beside; null: none, or more than one. */
  readonly onlyPlanId: string | null;
  readonly priceId: string | null;
  readonly quantity: number;
  readonly periodStart: Date | null;
}

/** A subscription as it stands here; null when nothing was told of it. */
export async function readSubscription(
  tx: Queryable,
  provider: string,
  subscriptionId: string,
): Promise<Standing | null> {
  const [row] = await tx.query<Omit<Standing, "ended">>(
    `select status, case when one_plan then plan_id end as "onlyPlanId", price_id as "priceId", quantity,
       current_period_start as "periodStart"
     from tallystick.subscription where provider = $1 and subscription_id = $2`,
    [provider, subscriptionId],
  );
  return row === undefined ? null : { ...row, ended: ended.includes(row.status) };
}

/** A subscription as it was last told. */
export interface SubscriptionView {
  readonly subscriptionId: string;
  readonly provider: string;
  /** Null: it is of no plan of the catalog, or of several. */
  readonly planId: string | null;
  readonly priceId: string | null;
  readonly quantity: number;
  /** The provider's word, as a rule one of `SubscriptionStatus`. */
  readonly status: string;
  /** It is over and stays so. */
  readonly ended: boolean;
  readonly currentPeriodStart: Date | null;
  readonly currentPeriodEnd: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  /** When a cancellation that is scheduled takes effect; null: none is. */
  readonly endsAt: Date | null;
  readonly endedAt: Date | null;
  readonly trialEnd: Date | null;
  readonly createdAt: Date;
}

/** The user's subscriptions, those that live first, then the newest. */
export async function listSubscriptions(
  queryable: Queryable,
  userId: string,
  subscriptionId: string | null = null,
): Promise<readonly SubscriptionView[]> {
  return queryable.query<SubscriptionView>(
    `select subscription_id as "subscriptionId", provider, plan_id as "planId", price_id as "priceId", quantity, status,
       status = any ($3) as ended, current_period_start as "currentPeriodStart", current_period_end as "currentPeriodEnd",
       cancel_at_period_end as "cancelAtPeriodEnd",
       case when not status = any ($3) then coalesce(cancel_at, case when cancel_at_period_end then current_period_end end) end
         as "endsAt",
       ended_at as "endedAt", trial_end as "trialEnd", created_at as "createdAt"
     from tallystick.subscription where user_id = $1 and ($2::text is null or subscription_id = $2)
     order by status = any ($3), id desc`,
    [userId, subscriptionId, ended],
  );
}
