import type { SubscriptionView } from "tallystick";
import { catalog } from "../../catalog.ts";
import { env } from "../../env.ts";
import { dayOf } from "../../format.ts";

export function PastSubscriptions({ subscriptions }: { subscriptions: readonly SubscriptionView[] }) {
  if (subscriptions.length === 0) return null;
  const { plan } = catalog(env());
  return (
    <section aria-labelledby="past">
      <h2 id="past" className="text-lg font-semibold tracking-tight">
        Past plans
      </h2>
      <ul className="mt-3">
        {subscriptions.map(({ subscriptionId, planId, createdAt, endedAt }) => (
          <li
            key={subscriptionId}
            className="flex flex-wrap items-baseline justify-between gap-x-4 border-b border-line py-3 text-[0.9375rem]"
          >
            {planId === null ? "Subscription" : (plan(planId)?.name ?? planId)}
            <span className="text-muted">
              {dayOf(createdAt)}
              {endedAt === null ? ", ended" : ` to ${dayOf(endedAt)}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
