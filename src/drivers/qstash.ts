// QStash as driver: a wake is a message that it posts to the product's own URL, the tick is a schedule of it. What it drops,
// doubles or delivers late costs time until the next tick, never work.
import { createHash, randomUUID } from "node:crypto";
import type { Client, Receiver } from "@upstash/qstash";
import { readBody } from "../http/read-body.ts";
import { json } from "../http/respond.ts";
import { TallystickError } from "../kernel/errors.ts";
import type { Driver, Wake } from "../tasks/wake.ts";
import { kept } from "./kept.ts";
import { within } from "./within.ts";

export interface QstashOptions {
  readonly token: string;
  /** The public address that `tally.handlers.driver` is mounted at; QStash signs it as it is written here. */
  readonly url: string;
  readonly currentSigningKey: string;
  readonly nextSigningKey: string;
  /** Of the account's region; default "https://qstash.upstash.io". */
  readonly baseUrl?: string | undefined;
  /** Wakes without a lane that are delivered at once; default as many as the plan allows. Those of one lane come one by one. */
  readonly parallelism?: number | undefined;
  /** How often a delivery that fails is tried again; each try is a message that is paid for. Default 1: the next tick is near. */
  readonly retries?: number | undefined;
  /** When the schedule ticks; default "* * * * *". */
  readonly tickCron?: string | undefined;
  /** The schedule's id in the account; products that share one need ids of their own. Default "tallystick-tick". */
  readonly scheduleId?: string | undefined;
  /** A delivery begins no task after this many milliseconds; default 10,000. Keep it below what the function may take. */
  readonly answerBudgetMs?: number | undefined;
  /** How long one call of QStash may take before its wakes count as not taken; default 5,000. */
  readonly timeoutMs?: number | undefined;
}

/** No limit of a batch is documented; what one call carries must fit into its time. */
const BATCH_SIZE = 100;
/** The free plan's limit of a delay. What is due later is left to a tick. */
const MAX_DELAY_S = 7 * 24 * 3_600;
const CLOCK_TOLERANCE_S = 5;
const BODY_LIMIT_BYTES = 64 * 1_024;
const TICK_BODY = { tick: true };

/** Wakes over QStash. @throws invalid_request when an option is missing */
export function qstash(options: QstashOptions): Driver {
  const { token, url, currentSigningKey, nextSigningKey } = options;
  const { timeoutMs = 5_000, retries = 1, parallelism, answerBudgetMs } = options;
  const { tickCron = "* * * * *", scheduleId = "tallystick-tick", baseUrl = "https://qstash.upstash.io" } = options;
  for (const [name, value] of Object.entries({ token, url, currentSigningKey, nextSigningKey })) {
    if (!value) throw new TallystickError("invalid_request", `qstash needs ${name}.`);
  }
  if (!URL.canParse(url)) throw new TallystickError("invalid_request", "qstash's url is no address.");
  const sdk = kept(async (): Promise<{ client: Client; receiver: Receiver }> => {
    const { Client, Receiver } = await import("@upstash/qstash");
    // Told all of this, the SDK takes nothing from the environment.
    const settings = { token, baseUrl, devMode: false, enableTelemetry: false, retry: { retries: 2 } };
    return {
      client: new Client(settings),
      receiver: new Receiver({ currentSigningKey, nextSigningKey, devMode: false }),
    };
  });
  async function ask<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const { client } = await sdk.get();
    return within(timeoutMs, work(client));
  }

  function messageOf({ taskId, lane, delayMs }: Wake) {
    const limit = lane === null ? parallelism : 1;
    return {
      url,
      body: { taskId },
      retries,
      // Of this call alone: it keeps the client's second try from doubling a wake, and never holds back a later wake.
      deduplicationId: `${taskId}-${randomUUID()}`,
      ...(delayMs > 0 && { delay: Math.min(Math.ceil(delayMs / 1_000), MAX_DELAY_S) }),
      ...(limit !== undefined && { flowControl: { key: flowControlKey(url, lane), parallelism: limit } }),
    };
  }

  async function verify(signature: string | null, body: string): Promise<void> {
    const { receiver } = await sdk.get();
    try {
      await receiver.verify({ signature: signature ?? "", body, url, clockTolerance: CLOCK_TOLERANCE_S });
    } catch (cause) {
      throw new TallystickError("invalid_signature", "The request is not signed by QStash for this address.", {
        cause,
      });
    }
  }

  return {
    name: "qstash",
    async wake(wakes) {
      for (let from = 0; from < wakes.length; from += BATCH_SIZE) {
        const messages = wakes.slice(from, from + BATCH_SIZE).map(messageOf);
        const answers: readonly object[] = await ask(async (client) => client.batchJSON(messages));
        // One message of a batch may be refused while the others are taken.
        const refused = answers.filter((answer) => "error" in answer);
        if (refused.length > 0) {
          throw new Error(
            `${refused.length} of ${messages.length} messages were refused: ${String(refused[0]?.error)}`,
          );
        }
      }
    },
    async check() {
      await ask(async (client) => client.schedules.list());
    },
    async receive(request, runtime) {
      if (request.method !== "POST") return json({ error: "Method not allowed" }, 405, { allow: "POST" });
      const body = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await readBody(request, BODY_LIMIT_BYTES));
      await verify(request.headers.get("upstash-signature"), body);
      if (body === JSON.stringify(TICK_BODY)) {
        await runtime.tick({ budgetMs: answerBudgetMs });
        await runtime.wake();
        return json({ ticked: true });
      }
      const { processed, done, failed, dead } = await runtime.answer({ budgetMs: answerBudgetMs });
      return json({ processed, done, failed, dead });
    },
    async setUp() {
      const body = JSON.stringify(TICK_BODY);
      // A tick that fails is not tried again: the next one does the same.
      const schedule = { destination: url, cron: tickCron, scheduleId, body, retries: 0 };
      await ask(async (client) => client.schedules.create(schedule));
      return [`Schedule ${scheduleId} calls ${url} at "${tickCron}".`];
    },
    close: async () => undefined,
  };
}

// A hash, because a key takes letters, digits, hyphens, underscores and full stops only, and because a lane may name a
// customer. With the address: products that share an account share no limit.
function flowControlKey(url: string, lane: string | null): string {
  return `tallystick-${createHash("sha256")
    .update(JSON.stringify([url, lane]))
    .digest("hex")}`;
}
