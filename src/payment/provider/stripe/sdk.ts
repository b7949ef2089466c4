// Stripe's SDK, loaded when it is first needed: it is a large part of what a process would otherwise parse at its start.
import type Stripe from "stripe";

type Sdk = typeof Stripe;

let loaded: Sdk | undefined;

export async function loadSdk(): Promise<Sdk> {
  loaded ??= (await import("stripe")).default;
  return loaded;
}

/** The SDK's classes of errors. Undefined: it was never loaded, so no error is one of its. */
export function sdkErrors(): Sdk["errors"] | undefined {
  return loaded?.errors;
}

export function isStripeError(error: unknown): error is Stripe.errors.StripeError {
  return loaded !== undefined && error instanceof loaded.errors.StripeError;
}
