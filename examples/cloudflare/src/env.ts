// What the Worker is given, as wrangler.toml binds it; `wrangler types` writes the runtime's own types, should you want them.
export interface Env {
  readonly HYPERDRIVE: { readonly connectionString: string };
  readonly WAKES: Queue;
  readonly STRIPE_WEBHOOK_SECRET: string;
  /** Bearer of the cron routes, for a scheduler outside of Cloudflare. */
  readonly CRON_SECRET: string;
  /** Opens the REST API. */
  readonly API_KEY: string;
}

export interface Queue {
  sendBatch(messages: Iterable<{ readonly body: unknown; readonly delaySeconds?: number }>): Promise<unknown>;
}

export interface Batch {
  readonly messages: readonly {
    readonly attempts: number;
    ack(): void;
    retry(options?: { readonly delaySeconds?: number }): void;
  }[];
}
