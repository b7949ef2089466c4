// The REST API under /api/v1: Hono, every route described once and checked by its description.
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Engine } from "../../engine.ts";
import { TallystickError } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import { isAuthorized } from "../auth.ts";
import { readBody } from "../read-body.ts";
import { errorResponse } from "../respond.ts";
import { accountStateRoutes } from "./account-state.ts";
import { accountRoutes } from "./accounts.ts";
import { holdRoutes } from "./holds.ts";
import { limitRoutes } from "./limits.ts";
import { refundRoutes } from "./refunds.ts";
import { insightRoutes } from "./insight.ts";
import { BATCH_LIMIT_BYTES, BATCH_PATH, batchRoutes } from "./batch.ts";
import { alertRoutes } from "./alerts.ts";
import { autoTopUpRoutes } from "./auto-top-up.ts";
import { billingRoutes } from "./billing.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { endpointRoutes } from "./endpoints.ts";
import { enrolmentRoutes } from "./enrolments.ts";
import { operationRoutes } from "./operations.ts";
import { priceTableRoutes } from "./price-table.ts";
import { createRouter } from "./router.ts";
import { userDataRoutes } from "./user-data.ts";

export interface ApiContext {
  readonly engine: Engine;
  readonly logger: Logger;
  readonly apiKeys: readonly string[];
}

const BODY_LIMIT_BYTES = 64 * 1024;
const DOCUMENT_PATH = "/api/v1/openapi.json";

export function createApi({ engine, logger, apiKeys }: ApiContext): OpenAPIHono {
  const app = createRouter();
  app.onError((error) => {
    if (error instanceof HTTPException && error.status < 500) {
      const code = error.status === 413 ? "payload_too_large" : "invalid_request";
      return errorResponse(new TallystickError(code, error.message), logger);
    }
    return errorResponse(error, logger);
  });
  app.notFound((context) =>
    errorResponse(new TallystickError("not_found", `There is no ${context.req.method} ${context.req.path}.`), logger),
  );
  const credentials = {
    bearer: apiKeys,
    // As curl -u: the key as the password of any of these names, for tools that only speak Basic.
    basic: ["api", "tallystick"].flatMap((username) => apiKeys.map((password) => ({ username, password }))),
  };
  app.use("*", async (context, next) => {
    if (context.req.path === DOCUMENT_PATH) return next();
    if (!(await isAuthorized(context.req.header("authorization") ?? null, credentials))) {
      throw new TallystickError("unauthorized", "Send the API key as `Authorization: Bearer KEY`.");
    }
    await next();
    context.res.headers.set("cache-control", "no-store");
    return undefined;
  });
  const [limitBody, limitBatch] = [limitBodyTo(BODY_LIMIT_BYTES), limitBodyTo(BATCH_LIMIT_BYTES)];
  app.use("*", async (context, next) =>
    context.req.path === `/api/v1${BATCH_PATH}` ? limitBatch(context, next) : limitBody(context, next),
  );
  app.route("/api/v1", accountRoutes(engine));
  app.route("/api/v1", holdRoutes(engine));
  app.route("/api/v1", refundRoutes(engine));
  app.route("/api/v1", accountStateRoutes(engine));
  app.route("/api/v1", limitRoutes(engine));
  app.route("/api/v1", userDataRoutes(engine));
  app.route("/api/v1", insightRoutes(engine));
  app.route("/api/v1", enrolmentRoutes(engine));
  app.route("/api/v1", operationRoutes(engine));
  app.route("/api/v1", batchRoutes(engine));
  app.route("/api/v1", priceTableRoutes(engine));
  app.route("/api/v1", alertRoutes(engine));
  app.route("/api/v1", endpointRoutes(engine));
  app.route("/api/v1", deliveryRoutes(engine));
  app.route("/api/v1", billingRoutes(engine));
  app.route("/api/v1", autoTopUpRoutes(engine));
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", { type: "http", scheme: "bearer" });
  app.doc31(DOCUMENT_PATH, {
    openapi: "3.1.0",
    info: {
      title: "Tallystick",
      version: "1",
      description: "The credit ledger and payment events of a product. Writes take an Idempotency-Key header.",
      license: { name: "MIT" },
    },
    security: [{ apiKey: [] }],
  });
  return app;
}

// Hono's own limit stops reading, and a sender that is cut off never sees the 413.
function limitBodyTo(maxSize: number): MiddlewareHandler {
  return async ({ req }, next) => {
    if (req.raw.body !== null) {
      const body = await readBody(req.raw, maxSize);
      req.raw = new Request(req.raw.url, { method: req.raw.method, headers: req.raw.headers, body });
    }
    await next();
  };
}
