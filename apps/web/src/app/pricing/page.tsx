import type { Metadata } from "next";
import { currentUser } from "../../auth/session.ts";
import { notSetUp, paymentsAreSetUp } from "../../billing/payments.ts";
import { standingOf } from "../../billing/standing.ts";
import { catalog } from "../../catalog.ts";
import { env } from "../../env.ts";
import { PackCard } from "./pack-card.tsx";
import { PlanCard } from "./plan-card.tsx";
import type { Buyer } from "./price-row.tsx";

export const metadata: Metadata = { title: "Pricing" };

// Without a loading state: behind one nothing could be seen or bought where scripts don’t run.
export default async function PricingPage() {
  const user = await currentUser();
  const { plans, packs } = catalog(env());
  const isOpen = paymentsAreSetUp();
  const standing = user && (await standingOf(user.id));
  const buyer: Buyer = { isSignedIn: user !== null, isOpen };
  const grid = "mt-5 grid grid-cols-1 items-start gap-5 sm:grid-cols-2 lg:grid-cols-3";
  return (
    <div className="grid grid-cols-1 gap-12">
      <header className="max-w-2xl">
        <h1 className="text-3xl font-semibold tracking-tight sm:text-4xl">Pricing</h1>
        <p className="mt-3 text-lg leading-relaxed text-muted">
          A plan gives credits every month, a pack gives them once. You see what is due before you pay.
        </p>
        {isOpen ? null : (
          <p role="note" className="mt-5 rounded-lg bg-notice-surface px-3.5 py-2.5 text-sm text-notice">
            {notSetUp}
          </p>
        )}
      </header>
      <section aria-labelledby="plans">
        <h2 id="plans" className="text-lg font-semibold tracking-tight">
          Plans
        </h2>
        <div className={grid}>
          {plans.map((plan) => (
            <PlanCard key={plan.id} plan={plan} standing={standing} buyer={buyer} />
          ))}
        </div>
      </section>
      <section aria-labelledby="packs">
        <h2 id="packs" className="text-lg font-semibold tracking-tight">
          Credit packs
        </h2>
        <div className={grid}>
          {packs.map((pack) => (
            <PackCard key={pack.id} pack={pack} buyer={buyer} />
          ))}
        </div>
      </section>
    </div>
  );
}
