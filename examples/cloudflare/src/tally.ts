// One engine for each invocation: in Workers a socket that one request opened is of no use to another. Hyperdrive keeps the
// pool, so connecting costs little.
import { createTallystick, defineCatalog, type Tallystick } from "tallystick";
import { cloudflareQueue } from "tallystick/cloudflare";
import { stripe } from "tallystick/stripe";
import type { Env } from "./env.ts";

const catalog = defineCatalog({
  plans: [
    { id: "free", name: "Free", credits: 50, validDays: 30 },
    {
      id: "pro",
      name: "Pro",
      credits: 1000,
      validDays: 30,
      prices: [{ id: "price_pro_monthly", interval: "month" }],
    },
  ],
  packs: [{ id: "basic", name: "100 credits", credits: 100, priceId: "price_credits_basic" }],
});

/** The caller closes it. */
export function createTally(env: Env): Tallystick {
  return createTallystick({
    database: env.HYPERDRIVE.connectionString,
    poolSize: 1,
    catalog,
    payment: stripe({ webhookSecrets: env.STRIPE_WEBHOOK_SECRET }),
    driver: cloudflareQueue({ queue: env.WAKES }),
    auth: { apiKeys: [env.API_KEY], cronSecrets: [env.CRON_SECRET] },
    logger: console,
  });
}
