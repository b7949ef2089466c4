// For Next.js: route handlers made of the web-standard ones, with the wake of due tasks behind each answer.
import { after } from "next/server.js";
import type { Handlers } from "../http/handlers.ts";
import type { Tallystick } from "../create-tallystick.ts";

export interface AfterOptions {
  /** Time for what is done behind the answer, in milliseconds; default 10,000, within a function's own limit. */
  readonly budgetMs?: number;
}

/**
 * Has due tasks woken once the response is sent: run here, or by the driver. It only makes them run soon: the rows are
 * durable before the answer, and what this misses the next request or tick does.
 */
export function afterResponse(
  tally: Pick<Tallystick, "wake">,
  response: Response,
  options: AfterOptions = {},
): Response {
  after(async () => {
    await tally.wake({ budgetMs: options.budgetMs ?? 10_000 });
  });
  return response;
}

/** Mounts one of the handlers on a route file: `export const POST = toRouteHandler(getTally, "webhook")`. */
export function toRouteHandler(
  getTally: () => Tallystick | Promise<Tallystick>,
  name: keyof Handlers,
  options?: AfterOptions,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const tally = await getTally();
    return afterResponse(tally, await tally.handlers[name](request), options);
  };
}
