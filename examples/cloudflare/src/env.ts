// What the Worker is given, as wrangler.toml binds it; `wrangler types` writes the runtime's own types, should you want them.
import type { QueueProducer } from "tallystick/cloudflare";

export interface Env {
  readonly HYPERDRIVE: { readonly connectionString: string };
  readonly WAKES: QueueProducer;
  readonly STRIPE_WEBHOOK_SECRET: string;
  /** Bearer of the cron routes, for a scheduler outside of Cloudflare. */
  readonly CRON_SECRET: string;
  /** Opens the REST API. */
  readonly API_KEY: string;
}
