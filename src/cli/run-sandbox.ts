// The sandbox for as long as the command runs. It must be asked for, and never stands beside a live key.
import { TallystickError } from "../kernel/errors.ts";
import { createSandbox, sandboxKey } from "../payment/provider/sandbox.ts";
import { catalogPrices } from "../payment/provider/sandbox/control/catalog-prices.ts";
import type { Outcome } from "./command.ts";
import { loadConfig } from "./config.ts";
import { surroundings, type Surroundings } from "./env.ts";
import { findDatabase } from "./find-database.ts";

export interface RunOptions {
  readonly port: number;
  readonly forwardTo: string | undefined;
  readonly oldShape: boolean;
}

/** Runs until SIGINT or SIGTERM. @throws invalid_state where it may not run */
export async function runSandbox(options: RunOptions, announce: (outcome: Outcome) => void): Promise<void> {
  const here = surroundings();
  refuseUnlessMeant(here);
  const told = untilTold();
  const { config } = await loadConfig(here.directory);
  const database = await findDatabase(here);
  try {
    const prices = catalogPrices(config.catalog);
    const { port, oldShape } = options;
    const sandbox = createSandbox({ database: database.url, port, oldShape, prices, logger: config.logger });
    try {
      const { url } = await sandbox.start();
      const endpoint = options.forwardTo === undefined ? null : await sandbox.endpoint(options.forwardTo);
      const found = {
        url,
        secretKey: sandboxKey,
        webhookSecret: endpoint?.secret ?? null,
        forwardTo: endpoint?.url ?? null,
      };
      announce({ data: found, text: describe(found, prices.length) });
      await told;
    } finally {
      await sandbox.stop();
    }
  } finally {
    await database.close();
  }
}

/** @throws invalid_state without `TALLYSTICK_SANDBOX=1`, and beside a live key */
export function refuseUnlessMeant({ sandboxAllowed, hasLiveKey }: Surroundings): void {
  if (hasLiveKey) {
    throw new TallystickError("invalid_state", "STRIPE_SECRET_KEY is a live key; the sandbox does not run beside one.");
  }
  if (!sandboxAllowed) {
    throw new TallystickError(
      "invalid_state",
      "Set TALLYSTICK_SANDBOX=1 where a sandbox may run; never in production.",
    );
  }
}

async function untilTold(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
}

interface Found {
  readonly url: string;
  readonly secretKey: string;
  readonly webhookSecret: string | null;
  readonly forwardTo: string | null;
}

function describe({ url, secretKey, webhookSecret, forwardTo }: Found, prices: number): string {
  const told =
    webhookSecret === null
      ? ["No webhook is told of events; name one with --forward-to."]
      : [`STRIPE_WEBHOOK_SECRET=${webhookSecret}`, `Every event is sent to ${forwardTo}.`];
  const seeded =
    prices === 0 ? [] : [`Prices of the catalog (${prices}) are there, at 10.00 USD where it says no amount.`];
  return [
    `A local Stripe listens. Ctrl+C stops it.`,
    `STRIPE_API_BASE=${url}`,
    `STRIPE_SECRET_KEY=${secretKey}`,
    ...told,
    ...seeded,
  ].join("\n");
}
