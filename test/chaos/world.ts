// Everything of a run: two Postgres servers (the ledger's, which crashes, and the sandbox's, whose books survive), the
// sandbox, the receiver and the application. Whatever becomes of the run, none of it outlives it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import type Stripe from "stripe";
import { connect, type Database } from "../../src/db/database.ts";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import type { Tallystick } from "../../src/index.ts";
import { createSandbox, type Sandbox } from "../../src/payment/provider/sandbox.ts";
import { control, sdkFor } from "../support/sandbox-client.ts";
import { createApplication, type Application } from "./application.ts";
import { createChaosEngine } from "./engine.ts";
import { startCrashingPostgres, type CrashingPostgres } from "./postgres.ts";
import { createRandom } from "./random.ts";
import { startReceiver, type Receiver, type ReceiverFaults } from "./receiver.ts";
import { allTerms, APPLICATION_NAME } from "./terms.ts";

export interface World extends AsyncDisposable {
  readonly sdk: Stripe;
  readonly control: <T>(path: string, body?: object) => Promise<T>;
  readonly sandbox: Sandbox;
  /** The sandbox's own tables: how often what was delivered. */
  readonly deliveries: Database;
  readonly postgres: CrashingPostgres;
  /** A pool on the ledger's database, which the faults spare. */
  readonly ledger: Database;
  /** An engine of the run's own, to reconcile and audit. */
  readonly tally: Tallystick;
  readonly receiver: Receiver;
  readonly application: Application;
}

export interface WorldOptions {
  readonly seed: number;
  readonly misbehaviour: Readonly<Record<string, number>>;
  readonly receiverFaults: ReceiverFaults;
  /** Where the sandbox lives; a server of its own where nothing is said. */
  readonly sandboxDatabase?: string | undefined;
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const { seed, misbehaviour, receiverFaults, sandboxDatabase: given } = options;
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), "tallystick-chaos-"));
  stack.defer(watch(directory));
  const [postgres, other] = await Promise.all([
    startCrashingPostgres(path.join(directory, "ledger")),
    given === undefined ? startEmbeddedPostgres({ directory: path.join(directory, "sandbox") }) : undefined,
  ]);
  stack.use(postgres);
  stack.defer(async () => other?.stop());
  const sandboxDatabase = given ?? other?.connectionString ?? "";
  const receiver = stack.use(await startReceiver(createRandom(seed, "receiver"), receiverFaults));

  const sandbox = createSandbox({
    database: sandboxDatabase,
    prices: allTerms.map(({ id, unitAmount, interval }) => ({
      id,
      unit_amount: unitAmount,
      interval: interval === "month" || interval === "year" ? interval : null,
    })),
    random: createRandom(seed, "sandbox").next,
  });
  const { url: sandboxUrl } = await sandbox.start();
  stack.defer(async () => sandbox.stop());
  const port = await freePort();
  const endpoint = await sandbox.endpoint(`http://127.0.0.1:${port}/api/webhooks/stripe`);
  await control(sandboxUrl, `/endpoints/${endpoint.id}/misbehaviour`, misbehaviour);

  const settings = { sandboxUrl, webhookSecret: endpoint.secret, receiverUrl: receiver.url };
  const databaseUrl = postgres.connectionString;
  const tally = createChaosEngine({ ...settings, databaseUrl });
  stack.defer(async () => tally.close());
  await tally.migrate();
  await tally.endpoints.add({ url: `${receiver.url}/endpoint` });
  const ledger = connect(databaseUrl, { poolSize: 2 });
  stack.defer(async () => ledger.close());
  const deliveries = connect(sandboxDatabase, { poolSize: 1 });
  stack.defer(async () => deliveries.close());

  const named = new URL(databaseUrl);
  named.searchParams.set("application_name", APPLICATION_NAME);
  const application = stack.use(createApplication({ ...settings, databaseUrl: named.href, port }));
  await application.start();
  const all = stack.move();
  return {
    sdk: sdkFor(sandboxUrl),
    control: async (at, body) => control(sandboxUrl, at, body),
    sandbox,
    deliveries,
    postgres,
    ledger,
    tally,
    receiver,
    application,
    [Symbol.asyncDispose]: async () => all.disposeAsync(),
  };
}

/** Starts the janitor; answers how to let it clean up. */
function watch(directory: string): () => Promise<void> {
  const script = new URL("janitor.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--experimental-strip-types", "--no-warnings", script, directory], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  return async () => {
    const exited = once(child, "exit");
    child.stdin.end();
    await exited;
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
