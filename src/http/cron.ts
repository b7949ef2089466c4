// The cron endpoints. Any scheduler may call them, any number of times: each call does what is due and says how much.
import type { Engine } from "../engine.ts";
import type { Logger } from "../kernel/logger.ts";
import type { TickResult } from "../tasks/tick.ts";
import { isAuthorized, type Credentials } from "./auth.ts";
import { json, toTallystickError } from "./respond.ts";

export interface CronContext {
  readonly engine: Pick<Engine, "tick">;
  readonly credentials: Credentials;
  /** Time for the tick; undefined: the tick's own default. */
  readonly budgetMs?: number | undefined;
  readonly logger: Logger;
}

/** `/api/distribute-credits`: the reference's contract. `distributed` counts lots expired and grants made. */
export async function handleDistributeCredits(context: CronContext, request: Request): Promise<Response> {
  return handleCron(context, request, "Failed to distribute credits", () => ({}));
}

/** `/api/cron/tick`: the same work, with its counts. */
export async function handleTick(context: CronContext, request: Request): Promise<Response> {
  return handleCron(context, request, "Failed to run the tick", ({ slots, maintenance, tasks, durationMs }) => ({
    slots,
    ...maintenance,
    tasks,
    durationMs,
  }));
}

async function handleCron(
  { engine, credentials, budgetMs, logger }: CronContext,
  request: Request,
  failure: string,
  report: (result: TickResult) => Record<string, unknown>,
): Promise<Response> {
  if (request.method !== "GET" && request.method !== "POST") {
    return json({ error: "Method not allowed" }, 405, { allow: "GET, POST" });
  }
  if (!(await isAuthorized(request.headers.get("authorization"), credentials))) {
    return json({ error: "Unauthorized" }, 401, { "www-authenticate": "Bearer" });
  }
  try {
    const result = await engine.tick({ budgetMs });
    const distributed = count(result, "expire", "expired") + count(result, "distribute", "count");
    return json({ success: true, distributed, timestamp: new Date().toISOString(), ...report(result) });
  } catch (cause) {
    const error = toTallystickError(cause, logger);
    logger.error({ code: error.code, message: error.message }, "a cron run failed");
    return json({ error: failure }, 500);
  }
}

function count(result: TickResult, work: string, name: string): number {
  return Number(result.maintenance[work]?.[name] ?? 0);
}
