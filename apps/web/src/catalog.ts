// What is sold and what it gives. Credits come from here alone; nothing that a client sends can change them.
import { defineCatalog } from "tallystick";
import type { Environment } from "./env.ts";

export const freePlanId = "free";
export const registerGift = { credits: 50, validDays: 30 };

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
          { id: env.PRICE_PRO_MONTHLY, interval: "month" },
          { id: env.PRICE_PRO_YEARLY, interval: "year" },
        ],
      },
      {
        id: "lifetime",
        name: "Lifetime",
        credits: 1000,
        validDays: 30,
        prices: [{ id: env.PRICE_LIFETIME, interval: "lifetime" }],
      },
    ],
    packs: [
      { id: "basic", name: "Basic", credits: 100, validDays: null, priceId: env.PRICE_CREDITS_BASIC },
      { id: "plus", name: "Plus", credits: 500, validDays: null, priceId: env.PRICE_CREDITS_PLUS },
      { id: "max", name: "Max", credits: 1200, validDays: null, priceId: env.PRICE_CREDITS_MAX },
    ],
  });
}
