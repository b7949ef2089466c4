// The engine as the application has it; the run makes one as well, to reconcile and to audit.
import { createTallystick, defineCatalog, type Logger, type Tallystick } from "../../src/index.ts";
import { discord } from "../../src/notification/discord.ts";
import { webhook } from "../../src/notification/webhook.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { SANDBOX_KEY } from "../support/sandbox-client.ts";
import { API_KEY, CRON_SECRET, lifetimeTerms, monthlyTerms, packTerms, yearlyTerms, type Terms } from "./terms.ts";

export interface EngineSettings {
  readonly databaseUrl: string;
  readonly sandboxUrl: string;
  readonly webhookSecret: string;
  readonly receiverUrl: string;
}

// Nothing expires, so that what was paid for and not spent is there at the end.
const plan = ({ id, name, interval, credits, trialCredits }: Terms) => ({
  id: name,
  name,
  credits,
  trialCredits,
  proration: "credits" as const,
  prices: [{ id, interval: interval === "pack" ? "month" : interval }],
});

export const chaosCatalog = defineCatalog({
  plans: [...monthlyTerms, yearlyTerms, lifetimeTerms].map(plan),
  packs: packTerms.map(({ id, name, credits }) => ({ id: name, name, credits, priceId: id })),
});

export function createChaosEngine(settings: EngineSettings, logger?: Logger): Tallystick {
  const { databaseUrl, sandboxUrl, webhookSecret, receiverUrl } = settings;
  return createTallystick({
    database: databaseUrl,
    catalog: chaosCatalog,
    payment: stripe({ secretKey: SANDBOX_KEY, apiBase: sandboxUrl, webhookSecrets: [webhookSecret] }),
    notifications: [
      webhook({ url: `${receiverUrl}/channel`, allowPrivateHosts: true }),
      discord({ url: `${receiverUrl}/discord`, allowPrivateHosts: true }),
    ],
    endpoints: { allowPrivateHosts: true },
    auth: { apiKeys: [API_KEY], cronSecrets: [CRON_SECRET] },
    logger,
  });
}
