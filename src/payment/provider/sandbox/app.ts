// The sandbox's HTTP application: Stripe's API under /v1, hosted pages, and the control API under /sandbox.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { redact, type Logger } from "../../../kernel/logger.ts";
import { controlRoutes } from "./control/routes.ts";
import { misbehave, type ApiFaults } from "./control/api-faults.ts";
import { checkoutPages } from "./pages/checkout.ts";
import { portalPages } from "./pages/portal.ts";
import { createApi } from "./protocol/api.ts";
import { Refusal } from "./protocol/refusal.ts";
import { resourceRoutes } from "./resources/routes.ts";
import { render } from "./shape/render.ts";
import { PRESENT_VERSION } from "./shape/version.ts";
import type { World } from "./store/world.ts";

const BODY_LIMIT_BYTES = 1024 * 1024;

export function createApp(world: World, { faults, logger }: { faults: ApiFaults; logger: Logger }): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    // Not answered at all: the server drops the connection.
    if (error.name === "AbortError") throw error;
    if (error instanceof Refusal) {
      return context.json({ error: render(error.body, PRESENT_VERSION) as object }, error.status as 400);
    }
    logger.error({ error: redact(error.stack ?? error.message) }, "the sandbox failed");
    return context.json({ error: { type: "api_error", message: "The sandbox failed; its log says why." } }, 500);
  });
  app.notFound((context) => {
    const message = `Unrecognized request URL (${context.req.method}: ${context.req.path}). The sandbox may not have it.`;
    return context.json({ error: { type: "invalid_request_error", message } }, 404);
  });
  app.use("*", bodyLimit({ maxSize: BODY_LIMIT_BYTES }));
  app.use("/v1/*", misbehave(faults));
  resourceRoutes(createApi(app, world));
  controlRoutes(app, world, faults);
  checkoutPages(app, world);
  portalPages(app, world);
  return app;
}
