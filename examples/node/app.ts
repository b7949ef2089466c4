// The routes: Tallystick's handlers, the product's own, and what a balancer asks.
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import type { Pool } from "pg";
import { errorCodes, isTallystickError, TallystickError, type Handler, type Tallystick } from "tallystick";
import type { Behind } from "./behind.ts";
import { JOB_CREDITS, JOB_TASK } from "./jobs.ts";
import { logger } from "./logger.ts";
import type { Settings } from "./settings.ts";

const READINESS_TIMEOUT_MS = 2_000;

export interface AppParts {
  readonly tally: Tallystick;
  readonly pool: Pool;
  readonly settings: Settings;
  readonly behind: Behind;
  readonly isStopping: () => boolean;
}

export function createApp({ tally, pool, settings, behind, isStopping }: AppParts): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.onError((error, context) => {
    if (isTallystickError(error)) {
      return context.json({ error: { code: error.code, message: error.message } }, errorCodes[error.code].status);
    }
    logger.error({ error: error.message, path: context.req.path }, "a request failed");
    return context.json({ error: { code: "internal_error", message: "Something went wrong." } }, 500);
  });

  app.use(async (context, next) => {
    // What may enqueue is woken behind its answer; a task that this misses runs with the next wake or tick.
    if (context.req.method !== "GET") behind.add(context.env.outgoing, async () => tally.wake());
    await next();
    // A client with an open connection takes its next request elsewhere.
    if (isStopping()) context.header("connection", "close");
  });

  // Is the process alive? Nothing is asked: a database that is away is no reason to restart it.
  app.get("/livez", (context) => context.text("ok"));
  // May it get requests?
  app.get("/readyz", async (context) => {
    if (isStopping()) return context.text("stopping", 503);
    try {
      await Promise.race([tally.health(), timeOut(READINESS_TIMEOUT_MS)]);
      return context.text("ok");
    } catch (error) {
      return context.text(isTallystickError(error) ? error.code : "storage_unavailable", 503);
    }
  });

  const { handlers } = tally;
  const mount = (path: string, handler: Handler): void => void app.all(path, async ({ req }) => handler(req.raw));
  mount("/api/webhooks/:provider", handlers.webhook);
  mount("/api/distribute-credits", handlers.distributeCredits);
  mount("/api/cron/tick", handlers.cron);
  mount("/api/driver", handlers.driver);
  mount("/api/health", handlers.health);
  mount("/api/v1/*", handlers.api);

  const { apiKey } = settings;
  if (apiKey !== undefined && settings.jobServiceUrl !== undefined) {
    // A product's session would say who the user is; here a server that holds the key does.
    app.post("/jobs", bearerAuth({ token: apiKey }), async ({ req, json }) => {
      const { userId, prompt } = await req
        .json<{ userId?: unknown; prompt?: unknown }>()
        .catch(() => ({ userId: 0, prompt: 0 }));
      const idempotencyKey = req.header("idempotency-key");
      if (typeof userId !== "string" || typeof prompt !== "string" || idempotencyKey === undefined) {
        throw new TallystickError("invalid_request", "Send userId and prompt, and an Idempotency-Key.");
      }
      return json(await beginJob({ userId, prompt, idempotencyKey }), 202);
    });
  }

  /** Takes the credits and enqueues the job in one transaction: both, or neither. */
  async function beginJob(job: { userId: string; prompt: string; idempotencyKey: string }) {
    const { userId, prompt, idempotencyKey } = job;
    const tx = await pool.connect();
    try {
      await tx.query("begin");
      const consume = { userId, amount: JOB_CREDITS, idempotencyKey, description: "a job" };
      const { balance } = await tally.credits.consume(consume, { tx });
      const task = { name: JOB_TASK, payload: { userId, prompt }, dedupeKey: `job:${userId}:${idempotencyKey}` };
      const { taskId } = await tally.tasks.enqueue(task, { tx });
      await tx.query("commit");
      return { taskId, balance };
    } catch (error) {
      await tx.query("rollback").catch(() => undefined);
      throw error;
    } finally {
      tx.release();
    }
  }

  return app;
}

async function timeOut(ms: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms).unref();
  });
}
