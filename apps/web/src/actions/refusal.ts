// Why an action did nothing, in a sentence for the person who asked for it.
import type { ErrorCode, TallystickError } from "tallystick";

/** Its message is shown as it is. */
export class Refusal extends Error {}

const sentences: Readonly<Partial<Record<ErrorCode, string>>> = {
  account_frozen: "Your account is frozen, so nothing can be bought. Ask the support to open it again.",
  idempotency_conflict: "This page is out of date. Reload it and try again.",
  invalid_request: "This is not for sale here any more. Reload the page and choose again.",
  invalid_state: "This does not fit how things stand at the payment provider. Nothing was changed.",
  not_found: "There is no such subscription of yours. Reload the page.",
  provider_unavailable: "The payment provider could not be reached. Nothing was charged. Try again in a moment.",
};

/** Undefined: nothing that the person could do about it. */
export function explainRefusal({ code, details }: TallystickError): string | undefined {
  const hasPlan = code === "invalid_state" && details["subscriptionId"] !== undefined;
  return hasPlan ? "You have this plan already. You can change it on the billing page." : sentences[code];
}
