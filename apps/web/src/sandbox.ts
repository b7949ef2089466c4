// The local Stripe beside this server, where the environment asks for one and gives no key to the real one.
import { isTallystickError } from "tallystick";
import { sandbox } from "tallystick/sandbox";
import type { SandboxProvider } from "tallystick/sandbox";
import { catalog } from "./catalog.ts";
import { databaseUrl } from "./database/pool.ts";
import { env, usesSandbox } from "./env.ts";
import { logger } from "./logger.ts";
import { oncePerProcess } from "./once-per-process.ts";

/** The provider in the place of Stripe's; undefined: the real Stripe is used. */
export function localStripe(): SandboxProvider | undefined {
  const settings = env();
  if (!usesSandbox(settings)) return undefined;
  return oncePerProcess("sandbox", () =>
    sandbox({
      database: databaseUrl(),
      catalog: catalog(settings),
      webhookUrl: `http://127.0.0.1:${settings.PORT}/api/webhooks/stripe`,
      webhookSecrets: settings.STRIPE_WEBHOOK_SECRET,
      port: settings.TALLYSTICK_SANDBOX_PORT,
      logger,
    }),
  );
}

/** Starts it and says where it is. A port that is taken stops nothing but the sandbox. */
export async function startLocalStripe(): Promise<void> {
  const stripe = localStripe();
  try {
    if (!stripe || stripe.url !== null) return;
    const { url } = await stripe.start();
    console.info(`  sandbox: ${url}, a local Stripe; pay with card 4242 4242 4242 4242, no real money moves`);
  } catch (error) {
    const port = env().TALLYSTICK_SANDBOX_PORT;
    if (isTallystickError(error) && error.code === "invalid_state") {
      console.warn(
        `  sandbox: port ${port} is taken, so nothing can be bought. Choose another: TALLYSTICK_SANDBOX_PORT=${port + 1} npm start`,
      );
    } else {
      logger.error({ error: error instanceof Error ? error.message : String(error) }, "the sandbox did not start");
    }
    await stripe?.stop();
  }
}
