// Whether anything can be bought on this server.
import { Refusal } from "../actions/refusal.ts";
import { env, isLiveKey, isServerless } from "../env.ts";
import { localStripe } from "../sandbox.ts";

export const notSetUp = "Payments are not set up on this server, so nothing can be bought yet.";

export function paymentsAreSetUp(): boolean {
  const local = localStripe();
  if (local) return local.url !== null;
  const { STRIPE_SECRET_KEY: key, BETTER_AUTH_URL: address } = env();
  if (key === undefined) return false;
  // Payers come back to the public address; only a machine that tries things out is its own localhost.
  return address !== undefined || !(isServerless() || isLiveKey(key));
}

/** @throws Refusal */
export function requirePayments(): void {
  if (!paymentsAreSetUp()) throw new Refusal(notSetUp);
}
