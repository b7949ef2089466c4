import Link from "next/link";
import type { ReactNode } from "react";
import type { Outcome } from "../../../billing/outcome.ts";
import { catalog } from "../../../catalog.ts";
import { env } from "../../../env.ts";
import { wholeNumber } from "../../../format.ts";

/** A checkout of which nothing more is to come by itself. */
export function Settled({ outcome, available }: { outcome: Outcome; available: number }) {
  if (outcome.status === "granted") return <Granted outcome={outcome} available={available} />;
  const { title, text } =
    answers[outcome.status === "failed" || outcome.status === "expired" ? outcome.status : "unknown"];
  return (
    <Answer title={title} links={<BackToPricing />}>
      {text}
    </Answer>
  );
}

const answers = {
  failed: {
    title: "The payment did not go through",
    text: "The money did not come, so no credits were added. You can try again, with another card or bank account.",
  },
  expired: {
    title: "This checkout has expired",
    text: "It was not paid in time and nothing was charged. A new one is opened on the pricing page.",
  },
  unknown: {
    title: "There is no such checkout of yours",
    text: "The address may be incomplete, or the checkout belongs to another account. What you have paid for is on your credits page in any case.",
  },
};

function Granted({ outcome: { credits, planId }, available }: { outcome: Outcome; available: number }) {
  const plan = planId === null ? undefined : catalog(env()).plan(planId);
  const added = `${wholeNumber(credits)} ${credits === 1 ? "credit" : "credits"} added`;
  return (
    <Answer
      title={credits > 0 ? added : "Thank you, your payment has arrived"}
      links={
        <>
          <Link href="/credits" className="button button-primary">
            See your credits
          </Link>
          <Link href={plan ? "/billing" : "/pricing"} className="button button-quiet">
            {plan ? "See to your plan" : "Buy more"}
          </Link>
        </>
      }
    >
      {plan ? `You have the ${plan.name} plan now. ` : ""}
      Your balance is{" "}
      <strong className="font-semibold text-ink tabular-nums" data-testid="balance">
        {wholeNumber(available)}
      </strong>{" "}
      {available === 1 ? "credit" : "credits"}.
    </Answer>
  );
}

function BackToPricing() {
  return (
    <>
      <Link href="/pricing" className="button button-primary">
        Back to pricing
      </Link>
      <Link href="/credits" className="button button-quiet">
        Your credits
      </Link>
    </>
  );
}

function Answer({ title, links, children }: { title: string; links: ReactNode; children: ReactNode }) {
  return (
    <>
      <h1 className="text-2xl font-semibold tracking-tight tabular-nums sm:text-3xl">{title}</h1>
      <p className="mt-3 leading-relaxed text-muted">{children}</p>
      <div className="mt-7 flex flex-wrap gap-3">{links}</div>
    </>
  );
}
