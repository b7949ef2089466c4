// Alerts of an account over REST: its rules, whose they are, and what it was told.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { AccountAlerts } from "../../credits/alerts.ts";
import type { Engine } from "../../engine.ts";
import { errors, jsonBody, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import * as schemas from "./schemas.ts";

const whole = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
const moment = z.iso.datetime({ offset: true }).openapi({ format: "date-time" });

const ruleSchema = z
  .union([
    z.strictObject({ kind: z.literal("low"), amount: whole }),
    z.strictObject({ kind: z.literal("low"), percent: z.int().min(1).max(99) }),
    z.strictObject({ kind: z.literal("exhausted") }),
    z.strictObject({ kind: z.literal("expiring"), days: z.int().min(1).max(3650) }),
  ])
  .openapi("AlertRule");

const alertBase = { key: z.string(), userId: z.string(), unit: z.string(), at: moment };
const alertSchema = z
  .union([
    z.object({
      ...alertBase,
      kind: z.literal("low"),
      available: z.int(),
      level: z.int(),
      percent: z.int().nullable(),
    }),
    z.object({ ...alertBase, kind: z.literal("exhausted") }),
    z.object({
      ...alertBase,
      kind: z.literal("expiring"),
      lotId: z.string(),
      amount: z.int(),
      expiresAt: moment,
      days: z.int(),
    }),
  ])
  .openapi("Alert");

const alertsAnswer = z
  .object({
    userId: z.string(),
    unit: z.string(),
    own: z.boolean().openapi({ description: "False when the rules are the product's." }),
    rules: z.array(ruleSchema),
    recent: z.array(alertSchema).openapi({ description: "The newest alerts, at most 20, newest first." }),
  })
  .openapi("AccountAlerts");

const setAlertsBody = z
  .strictObject({
    rules: z
      .array(ruleSchema)
      .max(20)
      .nullable()
      .openapi({ description: "An empty list switches alerts off; null goes back to the product's rules." }),
  })
  .openapi("SetAlertsRequest");

const getRoute = createRoute({
  method: "get",
  path: "/accounts/{userId}/alerts",
  summary: "What an account is alerted to, and its newest alerts.",
  request: { params: schemas.userIdParam, query: schemas.unitQuery },
  responses: { 200: jsonContent(alertsAnswer, "The account's alerts"), ...errors() },
});

const putRoute = createRoute({
  method: "put",
  path: "/accounts/{userId}/alerts",
  summary: "Gives an account rules of its own, none, or the product's again.",
  request: { params: schemas.userIdParam, query: schemas.unitQuery, body: jsonBody(setAlertsBody) },
  responses: { 200: jsonContent(alertsAnswer, "The account's alerts"), ...errors(413) },
});

export function alertRoutes({ credits }: Pick<Engine, "credits">): OpenAPIHono {
  const router = createRouter();
  router.openapi(getRoute, async (context) => {
    const { userId } = context.req.valid("param");
    return context.json(alertsJson(await credits.alerts({ userId, ...context.req.valid("query") })), 200);
  });
  router.openapi(putRoute, async (context) => {
    const { userId } = context.req.valid("param");
    const { rules } = context.req.valid("json");
    return context.json(alertsJson(await credits.setAlerts({ userId, ...context.req.valid("query"), rules })), 200);
  });
  return router;
}

function alertsJson({ rules, recent, ...account }: AccountAlerts): z.infer<typeof alertsAnswer> {
  return {
    ...account,
    rules: [...rules],
    recent: recent.map((alert) => {
      const at = alert.at.toISOString();
      return alert.kind === "expiring" ? { ...alert, at, expiresAt: alert.expiresAt.toISOString() } : { ...alert, at };
    }),
  };
}
