// The library's webhook handler, through the web-standard Request that every framework gives it.
import { createTallystick, defineCatalog } from "../../src/index.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { answer } from "../../test/support/serve.ts";
import { listen } from "./listen.ts";

const [databaseUrl = "", secret = ""] = process.argv.slice(2);
const tally = createTallystick({
  database: databaseUrl,
  catalog: defineCatalog({}),
  payment: stripe({ webhookSecrets: [secret] }),
});

listen(async (request, response) => {
  await answer(tally.handlers.stripeWebhook, request, response);
});
