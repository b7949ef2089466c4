// What became of a user's checkout, for the page that the payer comes back to and for its polling.
import { isTallystickError } from "tallystick";
import type { CheckoutOutcome } from "tallystick";
import { tally } from "../tally.ts";

export interface Outcome {
  /** unknown: the user has no such checkout. unreachable: the provider could not be asked about it. */
  readonly status: CheckoutOutcome["status"] | "unknown" | "unreachable";
  readonly credits: number;
  readonly planId: string | null;
}

/** These change by themselves, so that it is worth asking again. */
export function isUnderWay(status: Outcome["status"]): boolean {
  return status === "open" || status === "processing" || status === "unreachable";
}

export async function readOutcome(userId: string, checkoutId: string): Promise<Outcome> {
  try {
    return await tally().billing.checkoutOutcome({ userId, checkoutId });
  } catch (error) {
    if (!isTallystickError(error)) throw error;
    const { code } = error;
    if (code === "provider_unavailable") return { status: "unreachable", credits: 0, planId: null };
    // invalid_state: without a key nobody can be asked, so it is no checkout of this server's.
    if (!["not_found", "invalid_request", "invalid_state"].includes(code)) throw error;
    return { status: "unknown", credits: 0, planId: null };
  }
}
