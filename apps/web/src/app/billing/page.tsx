import type { Metadata } from "next";
import Link from "next/link";
import { requireUser } from "../../auth/session.ts";
import { subscriptionOffers } from "../../billing/offers.ts";
import { notSetUp, paymentsAreSetUp } from "../../billing/payments.ts";
import { standingOf } from "../../billing/standing.ts";
import { catalog } from "../../catalog.ts";
import { PortalButton } from "../../components/portal-button.tsx";
import { env } from "../../env.ts";
import { tally } from "../../tally.ts";
import { PastSubscriptions } from "./past-subscriptions.tsx";
import { SubscriptionCard } from "./subscription-card.tsx";

export const metadata: Metadata = { title: "Billing" };

export default async function BillingPage() {
  const user = await requireUser("/billing");
  const [subscriptions, { lifetimes }] = await Promise.all([
    tally().billing.subscriptions(user.id),
    standingOf(user.id),
  ]);
  const living = subscriptions.filter(({ ended }) => !ended);
  const past = subscriptions.filter(({ ended }) => ended);
  const isOpen = paymentsAreSetUp();
  return (
    <div className="grid max-w-3xl grid-cols-1 gap-10">
      <header>
        <h1 className="text-2xl font-semibold tracking-tight">Billing</h1>
        <p className="mt-1 truncate text-muted">{user.email}</p>
        {isOpen ? null : (
          <p role="note" className="mt-5 rounded-lg bg-notice-surface px-3.5 py-2.5 text-sm text-notice">
            {notSetUp}
          </p>
        )}
      </header>
      <section aria-labelledby="plan" className="grid grid-cols-1 gap-5">
        <h2 id="plan" className="text-lg font-semibold tracking-tight">
          Your plan
        </h2>
        {living.map((subscription) => (
          <SubscriptionCard
            key={subscription.subscriptionId}
            subscription={subscription}
            offers={subscriptionOffers()}
          />
        ))}
        {[...lifetimes].map((planId) => (
          <p key={planId} className="panel px-6 py-5">
            <span className="font-semibold">{catalog(env()).plan(planId)?.name ?? planId}</span>
            <span className="block text-[0.9375rem] text-muted">
              Paid once, yours for life. Nothing more is charged.
            </span>
          </p>
        ))}
        {living.length === 0 && lifetimes.size === 0 ? <NoPlan hasPast={past.length > 0} /> : null}
      </section>
      <section aria-labelledby="payments">
        <h2 id="payments" className="text-lg font-semibold tracking-tight">
          Cards and invoices
        </h2>
        <p className="mt-1 mb-4 leading-relaxed text-muted">
          The payment provider keeps your cards and receipts, on a page of its own.
        </p>
        <PortalButton label="Open cards and invoices" />
      </section>
      <PastSubscriptions subscriptions={past} />
    </div>
  );
}

function NoPlan({ hasPast }: { hasPast: boolean }) {
  return (
    <div className="panel px-6 py-6">
      <p className="font-semibold">{hasPast ? "No plan at present" : "You are on the free plan"}</p>
      <p className="mt-1 leading-relaxed text-muted">
        A plan gives you more credits every month. Packs need none, and are kept on the credits page.
      </p>
      <Link href="/pricing" className="button button-primary mt-5">
        See the plans
      </Link>
    </div>
  );
}
