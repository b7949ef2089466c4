// Every resource of Stripe's API that the sandbox has.
import type { Api } from "../protocol/api.ts";
import { chargeRoutes } from "./charges.ts";
import { checkoutSessionRoutes } from "./checkout-sessions.ts";
import { customerRoutes } from "./customers.ts";
import { disputeRoutes } from "./disputes.ts";
import { eventRoutes } from "./events.ts";
import { invoiceItemRoutes } from "./invoice-items.ts";
import { invoicePaymentRoutes, invoiceRoutes } from "./invoices.ts";
import { paymentIntentRoutes } from "./payment-intents.ts";
import { paymentMethodRoutes } from "./payment-methods.ts";
import { portalSessionRoutes } from "./portal-sessions.ts";
import { priceRoutes } from "./prices.ts";
import { productRoutes } from "./products.ts";
import { refundRoutes } from "./refunds.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { testClockRoutes } from "./test-clocks.ts";
import { webhookEndpointRoutes } from "./webhook-endpoints.ts";

export function resourceRoutes(api: Api): void {
  customerRoutes(api);
  productRoutes(api);
  priceRoutes(api);
  paymentMethodRoutes(api);
  paymentIntentRoutes(api);
  chargeRoutes(api);
  refundRoutes(api);
  disputeRoutes(api);
  checkoutSessionRoutes(api);
  subscriptionRoutes(api);
  invoiceRoutes(api);
  invoiceItemRoutes(api);
  invoicePaymentRoutes(api);
  portalSessionRoutes(api);
  webhookEndpointRoutes(api);
  eventRoutes(api);
  testClockRoutes(api);
  api.resource("/setup_intents", "setup_intent", ["customer"]);
  api.get("/account", async () => ({ id: "acct_sandbox", object: "account", country: "US", default_currency: "usd" }));
}
