// The built application on a free port and a database of its own, for tests from outside.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import pg from "pg";
import { inject, vi } from "vitest";
import { buildWhatChanged } from "../../../scripts/start/build.ts";
import { endServer, serve, setUp } from "../../../scripts/start/serve.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Connection string of a database in which databases may be created. */
    serverUrl: string;
  }
}

const application = path.resolve(import.meta.dirname, "..");
const root = path.resolve(application, "../..");

export interface RunningApp {
  readonly url: string;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

/**
 * Builds what changed since the last build, then serves it on an empty database of the tests' server. The sandbox is off
 * unless the variables say otherwise.
 */
export async function startApp(variables: Readonly<Record<string, string>> = {}): Promise<RunningApp> {
  await buildWhatChanged({ root, dev: false, log: console.info, signal: new AbortController().signal });
  const port = await freePort();
  const databaseUrl = await createDatabase();
  const settings = {
    PATH: process.env.PATH ?? "",
    HOME: process.env.HOME ?? "",
    DATABASE_URL: databaseUrl,
    PORT: String(port),
    BETTER_AUTH_SECRET: randomBytes(32).toString("base64url"),
    BETTER_AUTH_URL: "",
    // Named, so that a developer's own settings do not stand in for them.
    STRIPE_SECRET_KEY: "",
    TALLYSTICK_SANDBOX: "",
    ...variables,
  };
  await setUp(application, settings);
  const server = serve(application, settings, port, false);
  const url = `http://localhost:${port}`;
  await vi.waitFor(async () => (await fetch(`${url}/api/health`)).ok || Promise.reject(new Error("not healthy")), {
    timeout: 30_000,
  });
  return { url, databaseUrl, stop: async () => endServer(server) };
}

async function createDatabase(): Promise<string> {
  const url = new URL(inject("serverUrl"));
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const name = `web_${randomBytes(8).toString("hex")}`;
  await client.query(`create database ${name}`);
  await client.end();
  url.pathname = `/${name}`;
  return url.href;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
