// The engine that is killed while it drains, and that which drains after it: payments, and a channel that always takes.
import { createTallystick, type Tallystick } from "../../src/index.ts";
import { stripe } from "../../src/payment/provider/stripe.ts";
import { testCatalog, WEBHOOK_SECRET } from "../support/engine.ts";

export function crashEngine(database: string, poolSize: number): Tallystick {
  return createTallystick({
    database,
    poolSize,
    catalog: testCatalog,
    payment: stripe({ webhookSecrets: [WEBHOOK_SECRET] }),
    notifications: [{ name: "log", language: "en", minIntervalMs: 0, send: async () => ({ outcome: "sent" }) }],
  });
}
