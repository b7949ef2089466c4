// How a subscription stands, in words.
import type { SubscriptionView } from "tallystick";
import { dayOf } from "../../format.ts";

interface StandingText {
  readonly badge: string;
  readonly text: string;
  /** The user has to do something about a payment. */
  readonly isTrouble: boolean;
  readonly canChange: boolean;
}

export function standsAs({ status, endsAt, currentPeriodEnd, trialEnd }: SubscriptionView): StandingText {
  const trouble = troubles[status];
  if (trouble) return { ...trouble, isTrouble: true, canChange: false };
  if (endsAt !== null) {
    const text = `Ends on ${dayOf(endsAt)}. Until then everything stays as it is, and nothing more is charged.`;
    return { badge: "Ending", text, isTrouble: false, canChange: false };
  }
  if (status === "trialing" && trialEnd !== null) {
    const text = `The trial ends on ${dayOf(trialEnd)}; from then on it is paid for.`;
    return { badge: "Trial", text, isTrouble: false, canChange: true };
  }
  if (status === "paused") {
    const text = "It is paused: nothing is charged and no credits come until it goes on.";
    return { badge: "Paused", text, isTrouble: false, canChange: false };
  }
  const text = currentPeriodEnd === null ? "It renews by itself." : `Renews on ${dayOf(currentPeriodEnd)}.`;
  return { badge: "Active", text, isTrouble: false, canChange: status === "active" || status === "trialing" };
}

const troubles: Readonly<Record<string, { readonly badge: string; readonly text: string }>> = {
  past_due: {
    badge: "Past due",
    text: "The last payment did not go through. Put in another card or pay the open invoice; without a payment the plan ends and no further credits come.",
  },
  unpaid: {
    badge: "Unpaid",
    text: "The payments did not go through, so no further credits come. Pay the open invoice to go on.",
  },
  incomplete: {
    badge: "Incomplete",
    text: "The first payment is not through yet, so the plan has not begun. Pay the open invoice, or choose a plan again.",
  },
};
