// What comes of asking a provider's API: every failure is an outcome, because each reader decides for itself whether the
// event's own data may stand in.
import { TallystickError } from "../../kernel/errors.ts";

export type Answer<T> =
  | { readonly outcome: "found"; readonly value: T }
  /** The object does not exist (any more). */
  | { readonly outcome: "missing" }
  /** The key is wrong (401) or lacks the permission (403). */
  | { readonly outcome: "refused"; readonly reason: string }
  | { readonly outcome: "unavailable"; readonly reason: string };

/** The error that names what was asked for and why there is no answer. */
export function unansweredBy(
  provider: string,
  asked: string,
  answer: Exclude<Answer<unknown>, { outcome: "found" }>,
): TallystickError {
  const message = {
    missing: `${provider} does not know the ${asked}.`,
    refused: `${provider} refused the secret key when asked for the ${asked}`,
    unavailable: `${provider} did not answer when asked for the ${asked}`,
  }[answer.outcome];
  return new TallystickError("provider_unavailable", "reason" in answer ? `${message}: ${answer.reason}` : message);
}
