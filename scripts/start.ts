// `npm start` and `npm run dev`: from a fresh clone to a served application. Writes secrets once, builds what changed,
// runs a Postgres unless DATABASE_URL names one, migrates, serves, and ends everything in order.
import { once } from "node:events";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startEmbeddedPostgres } from "../src/db/embedded.ts";
import { buildWhatChanged } from "./start/build.ts";
import { requireFreePort } from "./start/port.ts";
import { endServer, serve, setUp } from "./start/serve.ts";
import { portOf, readSettings } from "./start/settings.ts";
import type { Settings } from "./start/settings.ts";

const root = path.resolve(import.meta.dirname, "..");
const application = path.join(root, "apps/web");
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const log = (line: string): void => console.log(`  ${line}`);

// A second signal, such as npm's beside the terminal's, changes nothing: what was begun is ended in order.
const interrupted = new Promise<number>((resolve) => {
  for (const [signal, status] of Object.entries(signals)) process.on(signal, () => resolve(status));
  // npm hands a signal to the shell between it and this process, which ends without passing it on.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) resolve(signals.SIGTERM);
  }, 250).unref();
});

try {
  process.exitCode = await main(process.argv.includes("--dev"));
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
process.exit();

async function main(dev: boolean): Promise<number> {
  const { settings, isNew } = readSettings(path.join(application, ".env.local"), process.env);
  const port = portOf(settings);
  await requireFreePort(port);
  if (isNew) log("wrote new secrets to apps/web/.env.local");
  const interruption = await build(dev);
  if (interruption !== undefined) return interruption;
  const postgres = settings.DATABASE_URL?.trim() ? undefined : await startPostgres();
  try {
    if (postgres) settings.DATABASE_URL = postgres.connectionString;
    return await run(settings, port, dev);
  } finally {
    await postgres?.stop();
  }
}

async function build(dev: boolean): Promise<number | undefined> {
  const abort = new AbortController();
  const built = buildWhatChanged({ root, dev, log, signal: abort.signal });
  const interruption = await Promise.race([interrupted, built]);
  if (typeof interruption !== "number") return undefined;
  abort.abort();
  await built.catch(() => undefined);
  return interruption;
}

async function startPostgres(): ReturnType<typeof startEmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ directory: path.join(root, ".tallystick"), log });
  log(postgres.started ? "started Postgres, data in .tallystick/" : "joined the running Postgres of .tallystick/");
  return postgres;
}

async function run(settings: Settings, port: number, dev: boolean): Promise<number> {
  const interruption = await Promise.race([interrupted, setUp(application, settings)]);
  if (interruption !== undefined) return interruption;
  const server = serve(application, settings, port, dev);
  const ended = once(server, "exit").then(([code]) => (code as number | null) ?? 1);
  void announce(port);
  const status = await Promise.race([interrupted, ended]);
  await endServer(server);
  return status;
}

async function announce(port: number): Promise<void> {
  const url = `http://localhost:${port}`;
  for (;;) {
    const healthy = await fetch(`${url}/api/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (healthy) break;
    await delay(100);
  }
  log(`ready on ${url} – create an account at ${url}/sign-up or sign in at ${url}/sign-in`);
}
