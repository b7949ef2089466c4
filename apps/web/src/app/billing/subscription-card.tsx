import type { SubscriptionView } from "tallystick";
import { priceText, type Offer } from "../../billing/offers.ts";
import { catalog } from "../../catalog.ts";
import { PortalButton } from "../../components/portal-button.tsx";
import { env } from "../../env.ts";
import { dayOf, wholeNumber } from "../../format.ts";
import { standsAs } from "./standing-text.ts";
import { SubscriptionControls } from "./subscription-controls.tsx";

interface SubscriptionCardProps {
  readonly subscription: SubscriptionView;
  /** Every price that a subscription may have. */
  readonly offers: readonly Offer[];
}

export function SubscriptionCard({ subscription, offers }: SubscriptionCardProps) {
  const { subscriptionId, planId, priceId, quantity, endsAt } = subscription;
  const plan = planId === null ? undefined : catalog(env()).plan(planId);
  const present = offers.find((offer) => offer.priceId === priceId);
  const { badge, isTrouble, text, canChange } = standsAs(subscription);
  const others = canChange && plan !== undefined ? offers.filter((offer) => offer.priceId !== priceId) : [];
  return (
    <article aria-labelledby={`subscription-${subscriptionId}`} className="panel px-6 py-6" data-testid="subscription">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3 id={`subscription-${subscriptionId}`} className="text-lg font-semibold">
          {present?.name ?? plan?.name ?? "Subscription"}
        </h3>
        <span
          className={`rounded-full px-2.5 py-0.5 text-sm font-medium ${
            isTrouble
              ? "bg-danger-surface text-danger"
              : endsAt === null
                ? "bg-success-surface text-accent"
                : "bg-notice-surface text-notice"
          }`}
        >
          {badge}
        </span>
      </div>
      <p className="mt-1.5 text-muted tabular-nums">
        {[
          ...(quantity > 1 ? [`${wholeNumber(quantity)} seats`] : []),
          ...(present ? [`${priceText(present)}${quantity > 1 ? " each" : ""}`] : []),
          ...(plan ? [`${wholeNumber(plan.credits * quantity)} credits a month`] : []),
        ].join(" · ")}
      </p>
      {isTrouble ? (
        <div role="note" className="mt-4 rounded-lg bg-danger-surface px-4 py-4">
          <p className="mb-3.5 leading-relaxed text-danger">{text}</p>
          <PortalButton label="Pay, or change the card" isPrimary />
        </div>
      ) : (
        <p className="mt-1.5 text-[0.9375rem]">{text}</p>
      )}
      <SubscriptionControls
        subscriptionId={subscriptionId}
        name={present?.name ?? plan?.name ?? "the subscription"}
        paidUntil={subscription.currentPeriodEnd === null ? null : dayOf(subscription.currentPeriodEnd)}
        isEnding={endsAt !== null}
        options={others.map((offer) => ({ priceId: offer.priceId, name: offer.name, price: priceText(offer) }))}
      />
    </article>
  );
}
