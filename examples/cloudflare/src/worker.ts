// The Worker: requests, cron triggers and the queue of wakes.
import { Hono, type Context } from "hono";
import type { Handlers, Tallystick } from "tallystick";
import { consumeQueue, type QueueBatch } from "tallystick/cloudflare";
import type { Env } from "./env.ts";
import { createTally } from "./tally.ts";

type Request = Context<{ Bindings: Env }>;

const app = new Hono<{ Bindings: Env }>();
app.all("/api/webhooks/stripe", async (context) => serve(context, "stripeWebhook"));
app.all("/api/distribute-credits", async (context) => serve(context, "distributeCredits"));
app.all("/api/cron/tick", async (context) => serve(context, "cron"));
app.get("/api/health", async (context) => serve(context, "health"));
app.all("/api/v1/*", async (context) => serve(context, "api"));

/** Answers, and behind the answer has what was enqueued woken. */
async function serve({ req, env, executionCtx }: Request, name: keyof Handlers): Promise<Response> {
  const tally = createTally(env);
  const response = await tally.handlers[name](req.raw);
  if (response.body === null) {
    executionCtx.waitUntil(finish(tally));
    return response;
  }
  // An export is read from the database for as long as it is sent.
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const sent = response.body.pipeTo(writable);
  executionCtx.waitUntil(sent.catch(() => undefined).then(async () => finish(tally)));
  return new Response(readable, response);
}

async function finish(tally: Tallystick): Promise<void> {
  try {
    await tally.wake();
  } finally {
    await tally.close();
  }
}

async function withTally(env: Env, work: (tally: Tallystick) => Promise<void>): Promise<void> {
  const tally = createTally(env);
  try {
    await work(tally);
  } finally {
    await tally.close();
  }
}

export default {
  fetch: app.fetch,
  async scheduled(_event: unknown, env: Env): Promise<void> {
    await withTally(env, async (tally) => {
      await tally.tick();
      await tally.wake();
    });
  },
  async queue(batch: QueueBatch, env: Env): Promise<void> {
    await withTally(env, async (tally) => {
      await consumeQueue(tally, batch).catch((error: unknown) => {
        // Its messages have been told to come again.
        console.error("a batch of wakes will be tried again:", error instanceof Error ? error.message : error);
      });
    });
  },
};
