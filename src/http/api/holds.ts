// Holds: credits set aside for work of unknown cost, captured or given back.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Hold, HoldResult } from "../../credits/hold.ts";
import type { Engine } from "../../engine.ts";
import { errors, jsonBody, jsonContent, optionalJsonBody } from "./describe.ts";
import { emptyBodyIsAbsent } from "./empty-body.ts";
import { createRouter } from "./router.ts";
import { consumeAnswer, credits, idempotencyHeader, idParam, text, time, unitQuery, userIdParam } from "./schemas.ts";

const THIRTY_DAYS_S = 30 * 86_400;

const holdBody = z
  .strictObject({
    amount: credits,
    expiresInSeconds: z.int().min(1).max(THIRTY_DAYS_S).optional().openapi({ description: "Default 900." }),
    feature: text(255).optional(),
    member: text(255).optional(),
    description: text(1000).optional(),
  })
  .openapi("HoldRequest");

const captureBody = z
  .strictObject({
    amount: credits.optional().openapi({ description: "What the work cost; absent: all that is held." }),
    overage: z.enum(["refuse", "consume"]).optional().openapi({
      description: "When the work cost more than is held: `refuse` (default), or `consume` the rest with it.",
    }),
    description: text(1000).optional(),
  })
  .openapi("CaptureRequest");

const holdFields = {
  id: z.string(),
  amount: z.int(),
  captured: z.int(),
  status: z.enum(["open", "captured", "voided", "expired"]),
  expiresAt: time,
};
const holdAnswer = z.object({ ...holdFields, balance: z.int(), available: z.int() }).openapi("HoldAnswer");
const captureAnswer = holdAnswer
  .extend({ transactionId: z.string(), allocations: consumeAnswer.shape.allocations })
  .openapi("CaptureAnswer");
const holdSchema = z
  .object({ ...holdFields, userId: z.string(), unit: z.string(), transactionId: z.string().nullable() })
  .openapi("Hold");

const holdRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/holds",
  summary: "Sets credits aside until they are captured or voided, or the hold's time is over.",
  request: { params: userIdParam, query: unitQuery, headers: idempotencyHeader, body: jsonBody(holdBody) },
  responses: { 200: jsonContent(holdAnswer, "Held"), ...errors(402, 409, 413, 422) },
});

const getRoute = createRoute({
  method: "get",
  path: "/holds/{id}",
  summary: "A hold as it counts now: past its time it is expired.",
  request: { params: idParam },
  responses: { 200: jsonContent(holdSchema, "The hold"), ...errors(404) },
});

const captureRoute = createRoute({
  method: "post",
  path: "/holds/{id}/capture",
  summary: "Debits what the work cost, all of the hold by default; the rest returns to its lots.",
  middleware: emptyBodyIsAbsent,
  request: { params: idParam, headers: idempotencyHeader, body: optionalJsonBody(captureBody) },
  responses: { 200: jsonContent(captureAnswer, "Captured"), ...errors(402, 404, 409, 413, 422) },
});

const voidRoute = createRoute({
  method: "post",
  path: "/holds/{id}/void",
  summary: "Gives a hold back whole.",
  request: { params: idParam, headers: idempotencyHeader },
  responses: { 200: jsonContent(holdAnswer, "Voided"), ...errors(404, 409, 422) },
});

export function holdRoutes({ credits: ledger }: Pick<Engine, "credits">): OpenAPIHono {
  const router = createRouter();
  router.openapi(holdRoute, async (context) => {
    const held = await ledger.hold({
      ...context.req.valid("param"),
      ...context.req.valid("query"),
      ...context.req.valid("json"),
      idempotencyKey: context.req.valid("header")["idempotency-key"],
    });
    if (held.replayed) context.header("idempotent-replayed", "true");
    return context.json(withTotals(held), 200);
  });
  router.openapi(getRoute, async (context) => {
    const { id } = context.req.valid("param");
    const { userId, unit, transactionId, ...hold } = await ledger.getHold({ holdId: id });
    return context.json({ ...holdJson(hold), userId, unit, transactionId }, 200);
  });
  router.openapi(captureRoute, async (context) => {
    const captured = await ledger.capture({
      holdId: context.req.valid("param").id,
      ...context.req.valid("json"),
      idempotencyKey: context.req.valid("header")["idempotency-key"],
    });
    if (captured.replayed) context.header("idempotent-replayed", "true");
    const { transactionId, allocations } = captured;
    return context.json({ ...withTotals(captured), transactionId, allocations: [...allocations] }, 200);
  });
  router.openapi(voidRoute, async (context) => {
    const idempotencyKey = context.req.valid("header")["idempotency-key"];
    const voided = await ledger.void({ holdId: context.req.valid("param").id, idempotencyKey });
    if (voided.replayed) context.header("idempotent-replayed", "true");
    return context.json(withTotals(voided), 200);
  });
  return router;
}

function holdJson({ id, amount, captured, status, expiresAt }: Hold): z.infer<z.ZodObject<typeof holdFields>> {
  return { id, amount, captured, status, expiresAt: expiresAt.toISOString() };
}

function withTotals(held: HoldResult): z.infer<typeof holdAnswer> {
  return { ...holdJson(held), balance: held.balance, available: held.available };
}
