// The ledger and event engine, configured from the environment: one instance for the process.
import { createTallystick } from "tallystick";
import type { Logger } from "tallystick";
import { discord, feishu, slack } from "tallystick/notification";
import { stripe } from "tallystick/stripe";
import { catalog } from "./catalog.ts";
import { pool } from "./database/pool.ts";
import { env } from "./env.ts";
import type { Environment } from "./env.ts";
import { oncePerProcess } from "./once-per-process.ts";

export function tally() {
  return oncePerProcess("tally", () => createTally(env()));
}

function createTally(settings: Environment) {
  const { CRON_JOBS_USERNAME: username, CRON_JOBS_PASSWORD: password } = settings;
  return createTallystick({
    database: pool(),
    catalog: catalog(settings),
    payment: stripe({
      webhookSecrets: settings.STRIPE_WEBHOOK_SECRET,
      ...(settings.STRIPE_SECRET_KEY && { secretKey: settings.STRIPE_SECRET_KEY }),
      ...(settings.STRIPE_API_BASE && { apiBase: settings.STRIPE_API_BASE }),
    }),
    notifications: channels(settings),
    endpoints: { allowPrivateHosts: settings.TALLYSTICK_ALLOW_PRIVATE_HOSTS },
    auth: {
      cronSecrets: settings.CRON_SECRET ? [settings.CRON_SECRET] : [],
      apiKeys: settings.TALLYSTICK_API_KEY ? [settings.TALLYSTICK_API_KEY] : [],
      ...(username && password && { cronBasic: { username, password } }),
    },
    logger,
  });
}

function channels(settings: Environment) {
  const shared = {
    language: settings.NOTIFICATION_LANGUAGE,
    allowPrivateHosts: settings.TALLYSTICK_ALLOW_PRIVATE_HOSTS,
  };
  const { DISCORD_WEBHOOK_URL, FEISHU_WEBHOOK_URL, FEISHU_WEBHOOK_SECRET: secret, SLACK_WEBHOOK_URL } = settings;
  return [
    ...(DISCORD_WEBHOOK_URL ? [discord({ ...shared, url: DISCORD_WEBHOOK_URL })] : []),
    ...(FEISHU_WEBHOOK_URL ? [feishu({ ...shared, url: FEISHU_WEBHOOK_URL, ...(secret && { secret }) })] : []),
    ...(SLACK_WEBHOOK_URL ? [slack({ ...shared, url: SLACK_WEBHOOK_URL })] : []),
  ];
}

const line =
  (write: (text: string) => void) =>
  (fields: Record<string, unknown>, message: string): void =>
    write(JSON.stringify({ message, ...fields }));

export const logger: Logger = {
  debug: () => undefined,
  info: line(console.info),
  warn: line(console.warn),
  error: line(console.error),
};
