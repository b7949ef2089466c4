// The example in a test: its environment, its server, and a look at its database.
import { createTallystick, type Tallystick } from "../../src/index.ts";
import { connect, type Database } from "../../src/db/database.ts";
import { onTestFinished } from "vitest";
import { API_KEY, CRON_SECRET, signatureOf, testCatalog, WEBHOOK_SECRET } from "../support/engine.ts";
import { commands, freePort, startUntil, type Running } from "./node-commands.ts";

export type Environment = Readonly<Record<string, string>>;

// Longer than the tests' own, as the example asks.
export const apiKey = API_KEY.padEnd(16, "-");
export const cronSecret = CRON_SECRET.padEnd(16, "-");

export async function environmentFor(databaseUrl: string, more: Environment = {}): Promise<Environment> {
  return {
    DATABASE_URL: databaseUrl,
    HOST: "127.0.0.1",
    PORT: String(await freePort()),
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    TALLYSTICK_API_KEY: apiKey,
    CRON_SECRET: cronSecret,
    STOP_DELAY_MS: "0",
    ...more,
  };
}

export interface ExampleServer extends Running {
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export async function startServer(environment: Environment): Promise<ExampleServer> {
  const running = await startUntil('"listening"', commands.server, environment);
  const origin = `http://127.0.0.1:${environment["PORT"]}`;
  return { ...running, fetch: async (path, init) => fetch(`${origin}${path}`, init) };
}

/** What is asked of the database beside the example: a look, and tasks that are enqueued elsewhere. */
export function lookAt(databaseUrl: string): { readonly sql: Database; readonly tally: Tallystick } {
  const sql = connect(databaseUrl);
  const tally = createTallystick({ database: databaseUrl, catalog: testCatalog });
  onTestFinished(async () => {
    await tally.close();
    await sql.close();
  });
  return { sql, tally };
}

export async function postWebhook(server: ExampleServer, body: string): Promise<Response> {
  const headers = { "content-type": "application/json", "stripe-signature": await signatureOf(body) };
  return server.fetch("/api/webhooks/stripe", { method: "POST", body, headers });
}

export async function postJob(server: ExampleServer, userId: string, key: string): Promise<Response> {
  return server.fetch("/jobs", {
    method: "POST",
    body: JSON.stringify({ userId, prompt: "a lighthouse" }),
    headers: { authorization: `Bearer ${apiKey}`, "idempotency-key": key },
  });
}
