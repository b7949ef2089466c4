// What the payer comes back to. The redirect proves nothing: what is shown is what the ledger says.
import type { Metadata } from "next";
import { requireUser } from "../../../auth/session.ts";
import { isUnderWay, readOutcome } from "../../../billing/outcome.ts";
import { tally } from "../../../tally.ts";
import { Settled } from "./settled.tsx";
import { Waiting } from "./waiting.tsx";

export const metadata: Metadata = { title: "Your payment" };

interface SuccessPageProps {
  readonly searchParams: Promise<{ checkout_id?: string | string[]; tries?: string | string[] }>;
}

export default async function SuccessPage({ searchParams }: SuccessPageProps) {
  const { checkout_id: given, tries: counted } = await searchParams;
  const checkoutId = typeof given === "string" ? given : "";
  const self = `/checkout/success?checkout_id=${encodeURIComponent(checkoutId)}`;
  const user = await requireUser(self);
  const outcome = await readOutcome(user.id, checkoutId);
  const { status } = outcome;
  // One region for all states, so that a change of state is announced.
  return (
    <div aria-live="polite" className="mx-auto max-w-xl sm:py-6" data-testid="outcome" data-status={status}>
      {isUnderWay(status) ? (
        <Waiting checkoutId={checkoutId} status={status} self={self} tries={countOf(counted)} />
      ) : (
        <Settled outcome={outcome} available={(await tally().credits.balance({ userId: user.id })).available} />
      )}
    </div>
  );
}

// How often a page without scripts was loaded anew.
function countOf(value: unknown): number {
  return typeof value === "string" && /^\d{1,4}$/.test(value) ? Number(value) : 0;
}
