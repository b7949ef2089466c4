// A user's data: all that is stored, as one JSON document, and its erasure.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import { errors, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import { text, time, userIdParam } from "./schemas.ts";
import { streamDocument } from "./stream-json.ts";

const rows = z.array(z.record(z.string(), z.unknown()));
const exportSchema = z
  .object({
    userId: text(255),
    exportedAt: time,
    accounts: rows,
    transactions: rows,
    lots: rows,
    holds: rows,
    enrolments: rows,
    limits: rows,
    alertRules: rows,
    alerts: rows,
    customers: rows,
    payments: rows,
    returns: rows,
    subscriptions: rows,
    autoTopUps: rows,
    topUpAttempts: rows,
    events: rows,
    notifications: rows,
    endpoints: rows,
    outgoingEvents: rows,
  })
  .openapi("UserExport");

const erasedSchema = z
  .object({
    alias: z.string().openapi({ description: "What stands in the user id's place from now on." }),
    accounts: z.int(),
    customers: z.int(),
    payments: z.int(),
    subscriptions: z.int(),
    events: z.int().openapi({ description: "Stored events whose personal fields were removed." }),
    notifications: z.int(),
    endpoints: z.int().openapi({ description: "Endpoints of the user's own, removed." }),
    outgoingEvents: z.int(),
  })
  .openapi("ErasedUser");

const exportRoute = createRoute({
  method: "get",
  path: "/accounts/{userId}/export",
  summary: "All that is stored about a user, in every unit and layer, streamed.",
  request: { params: userIdParam },
  responses: { 200: jsonContent(exportSchema, "The data"), ...errors() },
});

const eraseRoute = createRoute({
  method: "delete",
  path: "/accounts/{userId}",
  summary:
    "Forgets whose a user's accounts, payments and events are. The ledger stays, under an alias that names nobody.",
  request: { params: userIdParam },
  responses: { 200: jsonContent(erasedSchema, "Erased"), ...errors() },
});

export function userDataRoutes({ users }: Pick<Engine, "users">): OpenAPIHono {
  const router = createRouter();
  router.openapi(exportRoute, async (context) => {
    const { userId } = context.req.valid("param");
    const head = { userId, exportedAt: new Date().toISOString() };
    const body = await streamDocument(head, users.export({ userId }));
    return context.body(body, 200, { "content-type": "application/json" }) as never;
  });
  router.openapi(eraseRoute, async (context) => context.json(await users.erase(context.req.valid("param")), 200));
  return router;
}
