// The subscription row: a provider's subscription as it was last read.
import type { Queryable } from "../db/database.ts";
import type { SubscriptionState } from "./provider.ts";

// Stripe: a subscription never leaves these (docs.stripe.com/billing/subscriptions/overview).
const ended = ["canceled", "incomplete_expired"];

export interface SubscriptionInput {
  readonly provider: string;
  readonly userId: string;
  readonly customerId: string | null;
  readonly planId: string | null;
  readonly subscription: SubscriptionState;
}

export interface StoredSubscription {
  readonly ended: boolean;
  /** When a cancellation that is scheduled takes effect. */
  readonly endsAt: Date | null;
  /** Whether anything of the state became another. */
  readonly changed: boolean;
}

// What a change is a change of. Events of one customer are handled one at a time, so the row read before is the one written.
const STATE = `jsonb_build_array(user_id, status, price_id, plan_id, quantity, current_period_end, cancel_at_period_end, cancel_at)`;

/** The name under which enrolments hang on a subscription. */
export function subscriptionSource(provider: string, subscriptionId: string): string {
  return `${provider}:${subscriptionId}`;
}

/** Writes the state. An ended subscription stays ended: an older state that arrives later changes nothing. */
export async function recordSubscription(tx: Queryable, input: SubscriptionInput): Promise<StoredSubscription> {
  const { subscription } = input;
  const [row] = await tx.query<{ status: string; ends_at: Date | null; changed: boolean }>(
    `with before as (
       select ${STATE} as state from tallystick.subscription where provider = $1 and subscription_id = $2)
     insert into tallystick.subscription as stored (provider, subscription_id, customer_id, user_id, price_id, plan_id, quantity,
       status, current_period_start, current_period_end, cancel_at_period_end, cancel_at, canceled_at, ended_at, trial_end)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     on conflict (provider, subscription_id) do update set
       customer_id = coalesce(excluded.customer_id, stored.customer_id), user_id = excluded.user_id,
       price_id = excluded.price_id, plan_id = excluded.plan_id, quantity = excluded.quantity, status = excluded.status,
       current_period_start = excluded.current_period_start, current_period_end = excluded.current_period_end,
       cancel_at_period_end = excluded.cancel_at_period_end, cancel_at = excluded.cancel_at,
       canceled_at = excluded.canceled_at, ended_at = excluded.ended_at, trial_end = excluded.trial_end,
       updated_at = tallystick.clock()
     where not (stored.status = any ($16) and not excluded.status = any ($16))
     returning status, coalesce(cancel_at, case when cancel_at_period_end then current_period_end end) as ends_at,
       ${STATE} is distinct from (select state from before) as changed`,
    [
      input.provider,
      subscription.subscriptionId,
      input.customerId,
      input.userId,
      subscription.priceId,
      input.planId,
      subscription.quantity,
      subscription.status,
      subscription.currentPeriodStart,
      subscription.currentPeriodEnd,
      subscription.cancelAtPeriodEnd,
      subscription.cancelAt,
      subscription.canceledAt,
      subscription.endedAt,
      subscription.trialEnd,
      ended,
    ],
  );
  // No row: it had ended before.
  if (row === undefined) return { ended: true, endsAt: null, changed: false };
  return { ended: ended.includes(row.status), endsAt: row.ends_at, changed: row.changed };
}

export async function hasEnded(tx: Queryable, provider: string, subscriptionId: string): Promise<boolean> {
  const rows = await tx.query(
    "select 1 from tallystick.subscription where provider = $1 and subscription_id = $2 and status = any ($3)",
    [provider, subscriptionId, ended],
  );
  return rows.length > 0;
}
