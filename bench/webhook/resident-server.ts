// The library's webhook handler with the resident worker in the same process, as a product without serverless runs it.
import { createTallystick, defineCatalog } from "../../src/index.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { answer } from "../../test/support/serve.ts";
import { priceId } from "./events.ts";
import { listen } from "./listen.ts";

const [databaseUrl = "", secrets = ""] = process.argv.slice(2);
const tally = createTallystick({
  database: databaseUrl,
  preparedStatements: true,
  catalog: defineCatalog({
    plans: [{ id: "pro", name: "Pro", credits: 1000, validDays: 30, prices: [{ id: priceId, interval: "month" }] }],
  }),
  payment: stripe({ webhookSecrets: secrets.split(",") }),
});
const worker = tally.run();

listen(async (request, response) => {
  await answer(tally.handlers.stripeWebhook, request, response);
  worker.wake();
});
