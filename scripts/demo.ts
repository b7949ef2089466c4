// `npm run demo`: tells recorded scenarios of Stripe to a running application, three ways, and compares the ledgers.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { table } from "../src/cli/table.ts";
import { appClient, type AppClient } from "../test/scenarios/app-client.ts";
import { tellThreeWays } from "../test/scenarios/tell-three-ways.ts";

const { values } = parseArgs({
  options: { url: { type: "string", default: "http://localhost:3000" }, seed: { type: "string" } },
});

try {
  process.exitCode = await main(values.url, values.seed);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(url: string, givenSeed: string | undefined): Promise<number> {
  const seed = givenSeed === undefined ? randomBytes(4).readUInt32LE() : Number(givenSeed);
  if (!Number.isInteger(seed)) throw new Error("--seed must be a whole number.");
  const app = appClient({ url, ...secrets() });
  await requireHealthy(url);
  console.log(
    `Telling recorded events to ${url}: in order, shuffled (seed ${seed}), every event three times at once …`,
  );
  const started = performance.now();
  const told = await tellThreeWays({ app, run: randomBytes(5).toString("hex"), seed });
  const rows = told.map(({ scenario, userId, events, expected, inOrder, shuffled, tripled, equal }) => [
    scenario,
    userId,
    events,
    expected,
    inOrder,
    shuffled,
    tripled,
    equal ? "yes" : "NO",
  ]);
  const columns = ["scenario", "user", "events", "expected", "in order", "shuffled", "tripled", "equal"];
  console.log(`\n${table(columns, rows, "")}\n`);
  const requests = told.reduce((sum, { events }) => sum + 5 * events, 0);
  console.log(`${requests} requests in ${((performance.now() - started) / 1000).toFixed(1)} s, all answered 200`);
  const clean = await printAudit(app);
  return clean && told.every(({ equal }) => equal) ? 0 : 1;
}

async function printAudit(app: AppClient): Promise<boolean> {
  const { ok, accounts, violations } = await app.audit();
  console.log(ok ? `audit: clean, ${accounts} accounts` : `audit: ${violations.length} violations`);
  for (const { equation, userId, detail } of violations) console.log(`  ${equation} ${userId ?? ""}: ${detail}`);
  return ok;
}

async function requireHealthy(url: string): Promise<void> {
  const status = await fetch(new URL("/api/health", url)).then(
    (response) => response.status,
    () => undefined,
  );
  if (status === 200) return;
  const answer = status === undefined ? "does not answer" : `answers ${status} at /api/health`;
  throw new Error(`${url} ${answer}; start the application with \`npm start\`, or name another with --url.`);
}

/** The secrets of the running application: from the environment, else those that its first start wrote. */
function secrets(): { webhookSecret: string; apiKey: string } {
  const file = path.resolve(import.meta.dirname, "../apps/web/.env.local");
  const written = existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
  const read = (name: string): string => {
    const value = (process.env[name] ?? written[name] ?? "").split(",")[0]?.trim() ?? "";
    if (value === "") throw new Error(`${name} is neither set nor in apps/web/.env.local.`);
    return value;
  };
  return { webhookSecret: read("STRIPE_WEBHOOK_SECRET"), apiKey: read("TALLYSTICK_API_KEY") };
}
