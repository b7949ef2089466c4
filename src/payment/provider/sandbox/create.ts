// A local Stripe: the part of Stripe's API that this library reads, with checkout pages, renewals, refunds and disputes,
// and webhooks that are truly signed. For development and tests; its state is in Postgres, apart from the ledger.
import type { DatabaseSource } from "../../../db/database.ts";
import { redactedMessage, silentLogger, type Logger } from "../../../kernel/logger.ts";
import { TallystickError } from "../../../kernel/errors.ts";
import { createApp } from "./app.ts";
import { doDueWork } from "./billing/due-work.ts";
import { createApiFaults } from "./control/api-faults.ts";
import { seedPrices, type SeedPrice } from "./control/seed.ts";
import { createCourier } from "./events/courier.ts";
import { createEndpoint } from "./resources/webhook-endpoints.ts";
import { createRunner } from "./runner.ts";
import { listen, type Listening } from "./server.ts";
import { OLD_VERSION, PRESENT_VERSION } from "./shape/version.ts";
import type { WebhookEndpoint } from "./store/billing-document.ts";
import type { Change } from "./store/change.ts";
import { nextDue } from "./store/due.ts";
import { createWorld, type World } from "./store/world.ts";

export interface SandboxOptions {
  readonly database: DatabaseSource;
  /** The port; 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /** The address to listen on; loopback unless told otherwise. */
  readonly host?: string | undefined;
  /** Prices to create where they are not there, with ids that a catalog names. */
  readonly prices?: readonly SeedPrice[] | undefined;
  /** Events and answers in the shape before API 2025-03-31, unless an endpoint or a request names a version. */
  readonly oldShape?: boolean | undefined;
  readonly logger?: Logger | undefined;
  /** From 0 to 1, less than 1: decides what goes wrong. */
  readonly random?: (() => number) | undefined;
}

export interface SandboxEndpoint {
  readonly id: string;
  readonly url: string;
  /** The signing secret, `whsec_…`. */
  readonly secret: string;
}

export interface Sandbox {
  /** Creates its tables where they are missing, listens, and begins to deliver. @throws invalid_state when the port is taken */
  start(): Promise<{ readonly url: string }>;
  /** Stops to listen and to deliver; what is not delivered is, after the next start. */
  stop(): Promise<void>;
  /** Resolves when everything is delivered and nothing is due; never while an endpoint keeps failing. */
  settled(): Promise<void>;
  /** Answers a request without a port. Nothing is delivered before `start`. */
  fetch(request: Request): Promise<Response>;
  /**
   * The endpoint of this address that takes every event, made where it is not there. With a name it is the one that was
   * made with that name, moved to the address: an application whose port changed is told at one place, not at two.
   */
  endpoint(url: string, name?: string): Promise<SandboxEndpoint>;
  /** Whether an event of this id is one of its own. */
  hasTold(eventId: string): Promise<boolean>;
}

/**
 * Makes a sandbox on a database, in a schema of its own (`tallystick_sandbox`). Its clients are any that speak Stripe's
 * API: any key that begins with `sk_test_` is taken, a live one never.
 */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { logger = silentLogger, random = Math.random, host = "127.0.0.1", port = 0 } = options;
  const version = options.oldShape === true ? OLD_VERSION : PRESENT_VERSION;
  let listening: Listening | null = null;
  const world = createWorld({
    database: options.database,
    version,
    random,
    origin: () => listening?.url ?? `http://${host}:${port}`,
    onCommit: () => {
      runner.wake();
    },
  });
  const runner = createRunner({
    courier: createCourier(world.database, version),
    doDueWork: async () => dueWork(world),
    onError(error) {
      logger.error({ error: redactedMessage(error) }, "the sandbox failed at its work");
    },
  });
  const app = createApp(world, { faults: createApiFaults(random), logger });
  let opened: Promise<void> | null = null;
  // A failure is not kept: the database may come later.
  const open = async (): Promise<void> =>
    (opened ??= openWorld(world, options.prices ?? []).catch((error: unknown) => {
      opened = null;
      throw error;
    }));
  let stopped: Promise<void> | null = null;
  return {
    async start() {
      if (listening !== null) throw new TallystickError("invalid_state", "The sandbox is started already.");
      await open();
      listening = await listen(async (request) => app.fetch(request), { port, host });
      runner.start();
      return { url: listening.url };
    },
    async stop() {
      stopped ??= (async () => {
        await listening?.close();
        await runner.stop();
        await world.close();
      })();
      return stopped;
    },
    async settled() {
      for (;;) {
        const step = runner.nextStep();
        if (await isSettled(world)) return;
        await step;
      }
    },
    async fetch(request) {
      await open();
      return app.fetch(request);
    },
    async endpoint(url, name) {
      await open();
      // Read first: a change would wait for a clock that is just being advanced by a year.
      const known = await world.read(async (change) => findEndpoint(change, url, name));
      const { id, _secrets: secrets } =
        known?.url === url ? known : await world.change(async (change) => placeEndpoint(change, url, name));
      return { id, url, secret: secrets[0]?.secret ?? "" };
    },
    async hasTold(eventId) {
      await open();
      const known = await world.database.query("select from tallystick_sandbox.event where id = $1", [eventId]);
      return known.length > 0;
    },
  };
}

async function findEndpoint(change: Change, url: string, name: string | undefined): Promise<WebhookEndpoint | null> {
  const wanted = name === undefined ? { url } : { description: name };
  const found = await change.all("webhook_endpoint", { ...wanted, status: "enabled" });
  return found.find(({ enabled_events: events }) => events.includes("*")) ?? null;
}

async function placeEndpoint(change: Change, url: string, name: string | undefined): Promise<WebhookEndpoint> {
  const existing = await findEndpoint(change, url, name);
  if (existing !== null) return change.update(existing, { url }, null);
  const fields = { url, enabled_events: ["*"], api_version: null, description: name ?? null, metadata: {} };
  return createEndpoint(change, fields);
}

async function isSettled(world: World): Promise<boolean> {
  const due = await timeUntilDue(world);
  if (due !== null && due <= 0) return false;
  const rows = await world.database.query("select from tallystick_sandbox.delivery where status = 'pending' limit 1");
  return rows.length === 0;
}

async function openWorld(world: World, prices: readonly SeedPrice[]): Promise<void> {
  await world.open();
  if (prices.length > 0) await world.change(async (change) => seedPrices(change, prices));
}

/** Milliseconds until the next work is due. A look first, so that idle time takes no lock. */
async function dueWork(world: World): Promise<number | null> {
  const seconds = await timeUntilDue(world);
  if (seconds === null || seconds > 0) return seconds === null ? null : seconds * 1000;
  const next = await world.change(doDueWork);
  return next === null ? null : next * 1000;
}

/** Seconds until the next work of everyone's clock; null: there is none. */
async function timeUntilDue(world: World): Promise<number | null> {
  return world.read(async ({ tx, now }) => {
    const at = await nextDue(tx, null);
    return at === null ? null : at - now;
  });
}
