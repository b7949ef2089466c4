// What the server and the command (`tallystick work`, `migrate`, `doctor`, …) have in common.
import { defineCatalog } from "tallystick";
import { bullmq } from "tallystick/bullmq";
import { stripe } from "tallystick/stripe";
import { jobs, LOAD_TIMEOUT_MS } from "./jobs.ts";
import { logger } from "./logger.ts";
import { settings } from "./settings.ts";

export default {
  catalog: defineCatalog({
    plans: [
      {
        id: "pro",
        name: "Pro",
        credits: 1000,
        validDays: 30,
        prices: [{ id: settings.priceProMonthly, interval: "month" }],
      },
    ],
    packs: [{ id: "basic", name: "100 credits", credits: 100, priceId: settings.priceCreditsBasic }],
  }),
  payment: stripe({
    webhookSecrets: settings.webhookSecrets.split(",").map((secret) => secret.trim()),
    ...(settings.stripeSecretKey !== undefined && { secretKey: settings.stripeSecretKey }),
  }),
  tasks: jobs(settings),
  logger,
  stopGraceMs: LOAD_TIMEOUT_MS,
  // Without Redis a task runs in the process that enqueued it, or in the worker that finds it first.
  ...(settings.redisUrl !== undefined && { driver: bullmq({ connection: { url: settings.redisUrl } }) }),
};
