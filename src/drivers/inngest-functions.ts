// The two functions that Inngest runs by calling the product, and the handler that it calls.
import type { Inngest } from "inngest";
import { readBody } from "../http/read-body.ts";
import type { WakeRuntime } from "../tasks/wake.ts";
import { DUE_EVENT } from "./inngest-events.ts";

/** A call brings the event of one wake, and no steps. */
const BODY_LIMIT_BYTES = 1_048_576;

export interface FunctionSettings {
  readonly concurrency: number;
  readonly tickCron: string;
  readonly answerBudgetMs: number;
  /** The handler's public address. */
  readonly url: string | undefined;
}

/** Answers wakes, and ticks. What either throws Inngest tries again. */
export function wakeFunctions(client: Inngest.Any, runtime: WakeRuntime, settings: FunctionSettings) {
  const answerWake = client.createFunction(
    {
      id: "answer-wake",
      triggers: { event: DUE_EVENT },
      // By the wake, never by the task, whose retry has a wake of its own within the 24 hours that Inngest remembers.
      idempotency: "event.id",
      // A run of one lane while another of it runs would find the lane taken.
      concurrency: [{ limit: settings.concurrency }, { key: "event.data.key", limit: 1 }],
      // One request, one answer: there are no steps to report between.
      checkpointing: false,
    },
    async () => {
      const { processed, done, failed, dead, remaining } = await runtime.answer({ budgetMs: settings.answerBudgetMs });
      return { processed, done, failed, dead, remaining };
    },
  );
  const tick = client.createFunction(
    { id: "tick", triggers: { cron: settings.tickCron }, concurrency: 1, checkpointing: false },
    async () => {
      await runtime.tick({ budgetMs: settings.answerBudgetMs });
      await runtime.wake();
    },
  );
  return [answerWake, tick];
}

/** Inngest's own handler with these functions; it verifies signatures. @throws payload_too_large */
export async function serveWakes(
  client: Inngest.Any,
  runtime: WakeRuntime,
  settings: FunctionSettings,
): Promise<(request: Request) => Promise<Response>> {
  const { serve } = await import("inngest/edge");
  const url = settings.url === undefined ? undefined : new URL(settings.url);
  const handler = serve({
    client,
    functions: wakeFunctions(client, runtime, settings),
    // Without an address of our own the one that is registered is the request's, which anybody could make up: then only
    // Inngest itself, by its signature, may ask for it.
    enableUnauthedSync: url !== undefined,
    ...(url !== undefined && { serveOrigin: url.origin, servePath: url.pathname }),
  });
  return async (request) => handler(await prepared(request));
}

// Read before the SDK does, which reads whatever comes before it looks at the signature.
async function prepared({ url, method, headers: given, body }: Request): Promise<Request> {
  const headers = new Headers(given);
  // The SDK makes a URL of the header even where the request's own is whole.
  if (!headers.has("host")) headers.set("host", new URL(url).host);
  if (body === null) return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: await readBody({ body }, BODY_LIMIT_BYTES) });
}
