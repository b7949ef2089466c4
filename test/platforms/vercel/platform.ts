// Instances of the built application, started, frozen, thawed and killed as Vercel does it.
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { buildWhatChanged } from "../../../scripts/start/build.ts";
import { API_KEY, CRON_SECRET, eventBody, signatureOf, WEBHOOK_SECRET } from "../../support/engine.ts";
import { invoice } from "../../flows/stripe-objects.ts";
import type { Report } from "./report.ts";

export interface Instance {
  readonly url: string;
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
  /** Resolves when nothing runs behind an answer: Vercel may freeze it then. To the memory that it holds, in bytes. */
  settled(): Promise<number>;
}

const root = path.resolve(import.meta.dirname, "../../..");
const entry = new URL("instance.ts", import.meta.url);
const alive = new Set<Instance>();

export async function buildApplication(): Promise<void> {
  await buildWhatChanged({ root, dev: false, log: console.info, signal: new AbortController().signal });
}

export async function startInstance(databaseUrl: string, settings: Record<string, string> = {}): Promise<Instance> {
  const child = fork(entry, {
    cwd: path.join(root, "apps/web"),
    env: {
      PATH: process.env["PATH"],
      NODE_ENV: "production",
      NEXT_TELEMETRY_DISABLED: "1",
      VERCEL: "1",
      DATABASE_URL: databaseUrl,
      STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
      CRON_SECRET,
      TALLYSTICK_API_KEY: API_KEY,
      ...settings,
    },
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let settle = Promise.withResolvers<number>();
  const { promise: listening, resolve: listens, reject: fails } = Promise.withResolvers<number>();
  child.on("message", (report: Report) => {
    if ("port" in report) listens(report.port);
    else settle.resolve(report.rss);
  });
  const ended = once(child, "exit");
  void ended.then(() => fails(new Error("the instance ended before it listened")));
  const instance: Instance = {
    url: `http://127.0.0.1:${await listening}`,
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    async kill() {
      child.kill("SIGKILL");
      await ended;
      alive.delete(instance);
    },
    async settled() {
      const rss = await settle.promise;
      settle = Promise.withResolvers();
      return rss;
    },
  };
  alive.add(instance);
  return instance;
}

export async function killAll(): Promise<void> {
  await Promise.all([...alive].map(async (instance) => instance.kill()));
}

/** The event of a payment of 1,000 credits. */
export function payment(userId: string): string {
  return eventBody({ type: "invoice.paid", object: invoice({ userId, lines: [{ priceId: "price_pro_monthly" }] }) });
}

/** Delivers an event as Stripe does, once. */
export async function deliver(
  { url }: Instance,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}/api/webhooks/stripe`, {
    method: "POST",
    body,
    headers: { "stripe-signature": await signatureOf(body), ...headers },
  });
}

/** The request that Vercel's cron makes. */
export async function callCron({ url }: Instance, route = "/api/distribute-credits"): Promise<Response> {
  return fetch(`${url}${route}`, {
    headers: { "user-agent": "vercel-cron/1.0", authorization: `Bearer ${CRON_SECRET}` },
  });
}
