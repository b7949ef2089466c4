// tallystick stripe setup
import type { SetUpResult } from "../payment/provider-queries.ts";
import type { Command } from "./command.ts";
import { requireConfig } from "./require-config.ts";
import { table } from "./table.ts";

export const stripeSetup: Command = {
  name: "stripe setup",
  summary: "Make the catalog's missing products and prices at Stripe, and the endpoint for its events.",
  parameters: [],
  options: {
    "webhook-url": {
      type: "string",
      value: "URL",
      help: "Where Stripe is to send events; left out, no endpoint is made.",
    },
  },
  prepare(given) {
    const webhookUrl = given.option("webhook-url");
    return async ({ tally, configFile }) => {
      requireConfig(configFile, "neither prices nor a key are known. Nothing was changed.");
      const result = await tally.payment.setUp({ provider: "stripe", webhookUrl });
      const failed = result.prices.some(({ outcome }) => outcome === "differs" || outcome === "unpriced");
      return { data: result, text: describe(result), failed };
    };
  },
};

const words: Readonly<Record<SetUpResult["prices"][number]["outcome"], string>> = {
  created: "created",
  kept: "is there",
  differs: "is there with another amount, currency or interval: mend the catalog, or give it a new id",
  unpriced: "is missing, and the catalog says no amount and currency to make it with",
};

function describe({ prices, endpoint }: SetUpResult): string {
  const rows = prices.map(({ id, providerId, outcome }) => [id, providerId, words[outcome]]);
  const lines = [table(["price", "at Stripe", ""], rows, "The catalog has no prices.")];
  if (endpoint !== null) lines.push(`Endpoint ${endpoint.id}: ${endpoint.outcome}.`);
  if (endpoint?.secret != null)
    lines.push(`STRIPE_WEBHOOK_SECRET=${endpoint.secret}`, "Keep it now; it is not shown again.");
  return lines.join("\n");
}
