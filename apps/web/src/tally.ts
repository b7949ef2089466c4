// The ledger and event engine, configured from the environment: one instance for the process.
import { createTallystick } from "tallystick";
import { openTelemetry } from "tallystick/otel";
import { stripe } from "tallystick/stripe";
import { catalog } from "./catalog.ts";
import { channels } from "./channels.ts";
import { pool } from "./database/pool.ts";
import { driver } from "./driver.ts";
import { env, isServerless } from "./env.ts";
import type { Environment } from "./env.ts";
import { logger } from "./logger.ts";
import { oncePerProcess } from "./once-per-process.ts";
import { localStripe } from "./sandbox.ts";

export function tally() {
  return oncePerProcess("tally", () => createTally(env()));
}

function createTally(settings: Environment) {
  const { CRON_JOBS_USERNAME: username, CRON_JOBS_PASSWORD: password } = settings;
  return createTallystick({
    database: pool(),
    catalog: catalog(settings),
    payment: localStripe() ?? realStripe(settings),
    notifications: channels(settings),
    driver: driver(settings),
    endpoints: { allowPrivateHosts: settings.TALLYSTICK_ALLOW_PRIVATE_HOSTS },
    auth: {
      cronSecrets: settings.CRON_SECRET ? [settings.CRON_SECRET] : [],
      metricsSecrets: settings.METRICS_SECRET ? [settings.METRICS_SECRET] : [],
      apiKeys: settings.TALLYSTICK_API_KEY ? [settings.TALLYSTICK_API_KEY] : [],
      ...(username && password && { cronBasic: { username, password } }),
    },
    cronBudgetMs: 1000 * (settings.CRON_BUDGET_SECONDS ?? (isServerless() ? 240 : 25)),
    logger,
    telemetry: openTelemetry(),
  });
}

function realStripe(settings: Environment) {
  return stripe({
    webhookSecrets: settings.STRIPE_WEBHOOK_SECRET,
    ...(settings.STRIPE_SECRET_KEY && { secretKey: settings.STRIPE_SECRET_KEY }),
    ...(settings.STRIPE_API_BASE && { apiBase: settings.STRIPE_API_BASE }),
  });
}
