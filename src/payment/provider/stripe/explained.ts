// What Stripe answers when it does not do what it was asked, as an error of ours.
import type Stripe from "stripe";
import { TallystickError, type ErrorCode } from "../../../kernel/errors.ts";
import { redact } from "../../../kernel/logger.ts";
import { isStripeError, sdkErrors } from "./sdk.ts";

/** @throws invalid_request, invalid_state, idempotency_conflict, provider_unavailable in the place of the SDK's errors */
export async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isStripeError(error)) throw error;
    // A text and never the error itself as the cause: the SDK's errors carry whole responses.
    throw new TallystickError(codeOf(error), `Stripe: ${redact(error.message)}`);
  }
}

/** Whether the answer is that the object is not there; `param` names which, where several were asked for. */
export function isMissing(error: unknown, param?: string): boolean {
  if (!isStripeError(error) || error.code !== "resource_missing") return false;
  return param === undefined || error.param === param;
}

/** Whether Stripe will not do it as things are, however often it is asked. */
export function isRefused(error: unknown): boolean {
  return isStripeError(error) && error.statusCode === 400;
}

function codeOf(error: Stripe.errors.StripeError): ErrorCode {
  const errors = sdkErrors();
  if (errors !== undefined && error.statusCode === 400 && error instanceof errors.StripeIdempotencyError) {
    return "idempotency_conflict";
  }
  if (error.statusCode === 400 || error.statusCode === 404) return "invalid_request";
  // A card that is declined; a 409 is another request about the same that is under way, also after the SDK's tries.
  return error.statusCode === 402 ? "invalid_state" : "provider_unavailable";
}
