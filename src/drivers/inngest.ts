// Inngest 4 as driver: wakes are events, and Inngest calls the product's handler for each, and by a cron for the tick.
// Nothing that matters is held there: what Inngest loses, doubles or drops costs time until the next tick, never work.
import type { Inngest } from "inngest";
import { TallystickError } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Driver, WakeRuntime } from "../tasks/wake.ts";
import { checkEventApi, createClient, register } from "./inngest-client.ts";
import { dueEvents } from "./inngest-events.ts";
import { serveWakes, type FunctionSettings } from "./inngest-functions.ts";
import { kept, type Kept } from "./kept.ts";
import { within } from "./within.ts";

export interface InngestOptions {
  /** Sends the events. Not needed with `isDev` or `client`. */
  readonly eventKey?: string | undefined;
  /** Proves that a request is Inngest's. Not needed with `isDev` or `client`. */
  readonly signingKey?: string | undefined;
  /** Taken as well while the signing key is changed. */
  readonly signingKeyFallback?: string | undefined;
  /** The app's id at Inngest; default "tallystick". */
  readonly appId?: string | undefined;
  /** Of a server of your own; default Inngest's cloud, with `isDev` its Dev Server on this machine. */
  readonly baseUrl?: string | undefined;
  /** For the Dev Server: no keys, and requests are believed without a signature. Default false. */
  readonly isDev?: boolean | undefined;
  /** An Inngest client that is there already, in place of the options above; it logs where it logs. */
  readonly client?: Inngest.Like | undefined;
  /** The public address that `tally.handlers.driver` is mounted on; `setUp` asks it to register itself. */
  readonly url?: string | undefined;
  /** Wakes that are answered at once, at most; default 5, the limit of Inngest's free plan. */
  readonly concurrency?: number | undefined;
  /** When ticks come; default "* * * * *", each minute. */
  readonly tickCron?: string | undefined;
  /** A wake's request begins no task after this many milliseconds; default 10,000. Stay below your host's own limit. */
  readonly answerBudgetMs?: number | undefined;
  /** How long Inngest may take before a wake counts as not taken; default 5,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Wakes over Inngest, which calls `tally.handlers.driver` (GET, POST and PUT) to run what is due. Requests without
 * Inngest's signature are answered 401 and run nothing. The SDK is loaded when first used.
 *
 * @throws invalid_request without keys in production, or when `url` is none
 */
export function inngest(options: InngestOptions): Driver {
  const { timeoutMs = 5_000, url } = options;
  requireOptions(options);
  const { appId = "tallystick", eventKey, signingKey, signingKeyFallback, baseUrl, isDev = false } = options;
  const connection = { appId, eventKey, signingKey, signingKeyFallback, baseUrl, isDev, timeoutMs };
  const settings: FunctionSettings = {
    concurrency: options.concurrency ?? 5,
    tickCron: options.tickCron ?? "* * * * *",
    answerBudgetMs: options.answerBudgetMs ?? 10_000,
    url,
  };
  let logger: Logger | undefined;
  const client = kept(
    async (): Promise<Inngest.Any> =>
      (options.client as Inngest.Any | undefined) ?? createClient(connection, () => logger),
  );
  const handlers = new WeakMap<WakeRuntime, Kept<Awaited<ReturnType<typeof serveWakes>>>>();

  return {
    name: "inngest",
    async wake(wakes) {
      const sender = await client.get();
      for (const events of dueEvents(wakes)) await within(timeoutMs, sender.send(events));
    },
    check: async () => checkEventApi(await client.get(), timeoutMs),
    async receive(request, runtime) {
      ({ logger } = runtime);
      let handler = handlers.get(runtime);
      if (handler === undefined) {
        handler = kept(async () => serveWakes(await client.get(), runtime, settings));
        handlers.set(runtime, handler);
      }
      return (await handler.get())(request);
    },
    async setUp() {
      if (url !== undefined) return [await register(url, timeoutMs)];
      return [
        "Inngest learns the functions when the app is synced: in its dashboard, or here with the driver's option url.",
      ];
    },
    close: async () => undefined,
  };
}

function requireOptions({ client, isDev, eventKey, signingKey, url }: InngestOptions): void {
  const needsKeys = client === undefined && isDev !== true;
  if (needsKeys && (!eventKey || !signingKey)) {
    throw new TallystickError(
      "invalid_request",
      "The Inngest driver needs eventKey and signingKey, a client, or isDev.",
    );
  }
  if (url !== undefined && !URL.canParse(url)) {
    throw new TallystickError("invalid_request", "The option url of the Inngest driver is not a URL.");
  }
}
