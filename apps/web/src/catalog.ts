// What is sold and what it gives. Credits come from here alone; nothing that a client sends can change them. Amounts are
// what the sandbox asks and `doctor` compares; what Stripe asks is Stripe's.
import { defineCatalog } from "tallystick";
import type { Environment } from "./env.ts";

export const freePlanId = "free";
export const registerGift = { credits: 50, validDays: 30 };
const currency = "usd";

export function catalog(env: Environment) {
  return defineCatalog({
    plans: [
      { id: freePlanId, name: "Free", credits: 50, validDays: 30 },
      {
        id: "pro",
        name: "Pro",
        credits: 1000,
        validDays: 30,
        prices: [
          { id: env.PRICE_PRO_MONTHLY, interval: "month", amount: 2_000, currency },
          { id: env.PRICE_PRO_YEARLY, interval: "year", amount: 20_000, currency },
        ],
      },
      {
        id: "lifetime",
        name: "Lifetime",
        credits: 1000,
        validDays: 30,
        prices: [{ id: env.PRICE_LIFETIME, interval: "lifetime", amount: 50_000, currency }],
      },
    ],
    packs: [
      { id: "basic", name: "Basic", credits: 100, prices: [{ id: env.PRICE_CREDITS_BASIC, amount: 500, currency }] },
      { id: "plus", name: "Plus", credits: 500, prices: [{ id: env.PRICE_CREDITS_PLUS, amount: 2_000, currency }] },
      { id: "max", name: "Max", credits: 1200, prices: [{ id: env.PRICE_CREDITS_MAX, amount: 4_000, currency }] },
    ],
  });
}
