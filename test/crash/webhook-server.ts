// A product of one file: a plain node:http server that takes webhooks and drains after each answer. Started by the crash
// test as a process of its own; tells its origin on standard output.
import process from "node:process";
import { createTallystick, defineCatalog } from "../../src/index.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { serve } from "../flows/server.ts";

const [databaseUrl = "", webhookSecret = ""] = process.argv.slice(2);
const tally = createTallystick({
  database: databaseUrl,
  poolSize: 3,
  catalog: defineCatalog({
    plans: [{ id: "pro", name: "Pro", credits: 1000, prices: [{ id: "price_pro_monthly", interval: "month" }] }],
    packs: [{ id: "basic", name: "Basic", credits: 100, priceId: "price_credits_basic" }],
  }),
  payment: stripe({ webhookSecrets: webhookSecret }),
});
const { origin } = await serve(tally.handlers.stripeWebhook, () => {
  // A drain that fails is repaired by the next one.
  tally.drain().catch(() => undefined);
});
process.stdout.write(`${origin}\n`);
