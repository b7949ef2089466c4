import Link from "next/link";
import type { Plan } from "tallystick";
import { planOffers } from "../../billing/offers.ts";
import type { Standing } from "../../billing/standing.ts";
import { wholeNumber } from "../../format.ts";
import { PriceRow, type Buyer } from "./price-row.tsx";

interface PlanCardProps {
  readonly plan: Plan;
  /** Null: nobody is signed in. */
  readonly standing: Standing | null;
  readonly buyer: Buyer;
}

export function PlanCard({ plan, standing, buyer }: PlanCardProps) {
  const subscription = standing?.subscriptions.get(plan.id);
  const isFree = plan.prices.length === 0;
  const isPresent = standing !== null && hasPlan(plan, standing);
  return (
    <article
      aria-labelledby={`plan-${plan.id}`}
      className={`panel grid grid-cols-1 gap-4 p-6 ${isPresent ? "border-accent" : ""}`}
    >
      <div>
        <div className="flex flex-wrap items-center justify-between gap-2">
          <h3 id={`plan-${plan.id}`} className="text-lg font-semibold">
            {plan.name}
          </h3>
          {isPresent ? (
            <span className="rounded-full bg-success-surface px-2.5 py-0.5 text-sm font-medium text-accent">
              Your plan
            </span>
          ) : null}
        </div>
        <p className="mt-2 leading-relaxed">
          <strong className="font-semibold tabular-nums">{wholeNumber(plan.credits)} credits</strong> a month
        </p>
        <p className="text-[0.9375rem] leading-relaxed text-muted">{validity(plan)}</p>
      </div>
      {isFree ? <FreeRow isSignedIn={standing !== null} /> : null}
      {planOffers(plan).map((offer, index) => {
        const { interval } = plan.prices[index] ?? {};
        const isForLife = interval === "lifetime";
        return (
          <PriceRow
            key={offer.priceId}
            offer={offer}
            buyer={buyer}
            label={isForLife ? "Buy for life" : `Subscribe ${interval === "year" ? "yearly" : "monthly"}`}
            isPrimary={interval === "month"}
            has={isForLife ? ownedForLife(plan, standing) : subscribed(offer.priceId, subscription)}
          />
        );
      })}
    </article>
  );
}

function FreeRow({ isSignedIn }: { isSignedIn: boolean }) {
  return (
    <div className="border-t border-line pt-4">
      <p className="text-2xl font-semibold tracking-tight">Free</p>
      <div className="mt-3">
        {isSignedIn ? (
          <p className="text-[0.9375rem] leading-relaxed text-muted">Every account has it, beside what it buys.</p>
        ) : (
          <Link href="/sign-up" className="button button-quiet w-full">
            Create an account
          </Link>
        )}
      </div>
    </div>
  );
}

// The free plan is everybody's, and is worth marking where there is no other.
function hasPlan({ id, prices }: Plan, { subscriptions, lifetimes }: Standing): boolean {
  if (prices.length === 0) return subscriptions.size === 0 && lifetimes.size === 0;
  return subscriptions.has(id) || lifetimes.has(id);
}

function subscribed(priceId: string, subscription: { priceId: string | null } | undefined) {
  if (subscription === undefined) return undefined;
  return subscription.priceId === priceId ? "present" : "other";
}

function ownedForLife({ id }: Plan, standing: Standing | null) {
  return standing?.lifetimes.has(id) === true ? "present" : undefined;
}

function validity({ validDays, rollover }: Plan): string {
  if (rollover !== null) return `Up to ${wholeNumber(rollover.max)} unused ones go on into the next month.`;
  return validDays === null ? "They never expire." : `Each month’s are valid ${validDays} days.`;
}
