// Trigger.dev 4 as driver: wakes are runs of a task that the product deploys there, beside a schedule that ticks
// (examples/trigger has both). Trigger.dev calls no URL and runs nothing in this process.
import { randomUUID } from "node:crypto";
import { TallystickError } from "../kernel/errors.ts";
import type { Driver, Wake } from "../tasks/wake.ts";
import { kept } from "./kept.ts";
import { within } from "./within.ts";

export interface TriggerOptions {
  /** The API key of the environment whose workers run the tasks. A key that may only trigger is enough. */
  readonly accessToken: string;
  /** The address of a server of your own; default "https://api.trigger.dev". */
  readonly baseURL?: string | undefined;
  /** The id of the task that answers wakes; default "tallystick-wake", as in the example. */
  readonly taskId?: string | undefined;
  /** The branch, where the key is that of a preview environment. */
  readonly previewBranch?: string | undefined;
  /** How long Trigger.dev may take for a batch before its wakes count as not taken; default 5,000. */
  readonly timeoutMs?: number | undefined;
}

/** Trigger.dev takes no more items in a batch. */
const BATCH_SIZE = 1_000;
const FORBIDDEN = 403;
// Short, for a wake that isn't taken is handed over again; the SDK's own patience is minutes.
const resend = { retry: { maxAttempts: 3, factor: 2, minTimeoutInMs: 200, maxTimeoutInMs: 1_000 } };

/**
 * Wakes as runs of a Trigger.dev task, each with an idempotency key of its own. Every setting is this driver's: other uses
 * of Trigger.dev in the process are left as they are. @throws invalid_request when the key can't be one
 */
export function trigger(options: TriggerOptions): Driver {
  const { accessToken, baseURL = "https://api.trigger.dev", taskId = "tallystick-wake", timeoutMs = 5_000 } = options;
  // A key with a line's end would be told by the error of the request that can't carry it.
  if (!/^[\u0021-\u007E]+$/.test(accessToken ?? "")) {
    throw new TallystickError("invalid_request", "The driver trigger needs accessToken, a key without white space.");
  }

  async function open() {
    const { TriggerClient, idempotencyKeys } = await import("@trigger.dev/sdk");
    // What is left undefined the SDK would take from the environment.
    const client = new TriggerClient({ accessToken, baseURL, previewBranch: options.previewBranch ?? "" });
    return { client, idempotencyKeys };
  }
  // Awaited before any time limit begins: the SDK is large, and loading it is not the service's delay.
  const sdk = kept(open);

  async function hand(wakes: readonly Wake[], { client, idempotencyKeys }: Awaited<ReturnType<typeof open>>) {
    const items = wakes.map(async ({ taskId: id, lane, delayMs }) => ({
      payload: { taskId: id, lane },
      options: {
        // Of this hand-over: it keeps a resend from counting twice, and not the wake of the task's next attempt.
        idempotencyKey: await idempotencyKeys.create([id, randomUUID()], { scope: "global" }),
        // Trigger.dev's queues read a key up to its first colon only.
        ...(lane !== null && { concurrencyKey: encodeURIComponent(lane) }),
        ...(delayMs > 0 && { delay: new Date(Date.now() + delayMs) }),
      },
    }));
    await client.tasks.batchTrigger(taskId, await Promise.all(items), {}, resend);
  }

  return {
    name: "trigger",
    async wake(wakes) {
      const ready = await sdk.get();
      for (let start = 0; start < wakes.length; start += BATCH_SIZE) {
        await within(timeoutMs, hand(wakes.slice(start, start + BATCH_SIZE), ready));
      }
    },
    async check() {
      const { client } = await sdk.get();
      try {
        await within(timeoutMs, client.queues.list({ perPage: 1 }, resend));
      } catch (error) {
        // A key that may only trigger is known, and refused here alone; one that isn't known gets a 401.
        if ((error as { status?: unknown }).status !== FORBIDDEN) throw error;
      }
    },
    async close() {
      void sdk.drop();
    },
  };
}
