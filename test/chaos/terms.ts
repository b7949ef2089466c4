// What is sold in the chaos run, and what it gives: the application's catalog is made from it, and so are the books, which
// know nothing of how the library reads a catalog.
export interface Terms {
  readonly id: string;
  readonly name: string;
  readonly unitAmount: number;
  readonly interval: "month" | "year" | "lifetime" | "pack";
  readonly credits: number;
  readonly trialCredits: number;
}

const monthly = (id: string, unitAmount: number, credits: number, trialCredits = 0): Terms => ({
  id: `price_${id}`,
  name: id,
  unitAmount,
  interval: "month",
  credits,
  trialCredits,
});
const once = (id: string, unitAmount: number, credits: number, interval: "lifetime" | "pack" = "pack"): Terms => ({
  id: `price_${id}`,
  name: id,
  unitAmount,
  interval,
  credits,
  trialCredits: 0,
});

export const monthlyTerms = [
  monthly("basic", 1_000, 1_000, 50),
  monthly("team", 4_500, 5_000),
  monthly("pro", 1_999, 2_111),
] as const;
export const yearlyTerms: Terms = { ...monthly("annual", 9_990, 700), interval: "year" };
export const lifetimeTerms = once("life", 49_900, 650, "lifetime");
export const packTerms = [once("small", 500, 100), once("middle", 1_999, 503), once("large", 4_000, 1_200)] as const;

export const allTerms: readonly Terms[] = [...monthlyTerms, yearlyTerms, lifetimeTerms, ...packTerms];

export const API_KEY = "chaos-api-key";
export const CRON_SECRET = "chaos-cron-secret";
/** The name under which the application's connections are known to Postgres. */
export const APPLICATION_NAME = "chaos-app";
