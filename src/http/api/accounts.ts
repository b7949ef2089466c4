// Accounts: balance, history, grants, consumption.
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import { ACTOR } from "./actor.ts";
import { errors, jsonBody, jsonContent } from "./describe.ts";
import { momentQuery } from "./insight-schemas.ts";
import { amountOrQuantity } from "./price-table.ts";
import { createRouter } from "./router.ts";
import * as schemas from "./schemas.ts";

const balanceRoute = createRoute({
  method: "get",
  path: "/accounts/{userId}",
  summary: "Balance and live lots, now or at a past moment. An unknown account reads as zeros.",
  request: { params: schemas.userIdParam, query: schemas.unitQuery.extend(momentQuery.shape) },
  responses: { 200: jsonContent(schemas.accountSchema, "The account"), ...errors() },
});

const grantRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/grants",
  summary: "Grants credits.",
  request: {
    params: schemas.userIdParam,
    query: schemas.unitQuery,
    headers: schemas.idempotencyHeader,
    body: jsonBody(schemas.grantBody),
  },
  responses: { 200: jsonContent(schemas.grantAnswer, "Granted"), ...errors(409, 413, 422) },
});

const consumeRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/consume",
  summary: "Consumes credits: all of the amount or nothing.",
  request: {
    params: schemas.userIdParam,
    query: schemas.unitQuery,
    headers: schemas.idempotencyHeader,
    body: jsonBody(schemas.consumeBody),
  },
  responses: { 200: jsonContent(schemas.consumeAnswer, "Consumed"), ...errors(402, 409, 413, 422) },
});

/** The times of a new lot. */
export function timesOf(body: { readonly expiresAt?: string | undefined; readonly effectiveAt?: string | undefined }): {
  readonly expiresAt: Date | undefined;
  readonly effectiveAt: Date | undefined;
} {
  const { expiresAt, effectiveAt } = body;
  return {
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
    effectiveAt: effectiveAt === undefined ? undefined : new Date(effectiveAt),
  };
}

export function accountRoutes({ credits }: Pick<Engine, "credits">): OpenAPIHono {
  const router = createRouter();
  router.openapi(balanceRoute, async (context) => {
    const { userId } = context.req.valid("param");
    const { at, ...query } = context.req.valid("query");
    const { lots, ...balance } =
      at === undefined
        ? await credits.balance({ userId, ...query })
        : { ...(await credits.balanceAt({ userId, ...query, at: new Date(at) })), at };
    return context.json(
      { ...balance, lots: lots.map((lot) => ({ ...lot, expiresAt: lot.expiresAt?.toISOString() ?? null })) },
      200,
    );
  });
  router.openapi(grantRoute, async (context) => {
    const { userId } = context.req.valid("param");
    const { expiresAt, effectiveAt, description, ...body } = context.req.valid("json");
    const reason = description ?? (body.type === "adjustment" ? ACTOR : undefined);
    const { replayed, ...answer } = await credits.grant({
      userId,
      ...context.req.valid("query"),
      ...body,
      ...timesOf({ expiresAt, effectiveAt }),
      ...(reason !== undefined && { description: reason }),
      actor: ACTOR,
      idempotencyKey: context.req.valid("header")["idempotency-key"],
    });
    if (replayed) context.header("idempotent-replayed", "true");
    return context.json(answer, 200);
  });
  router.openapi(consumeRoute, async (context) => {
    const { userId } = context.req.valid("param");
    const { description, member, ...spent } = context.req.valid("json");
    const { replayed, allocations, ...answer } = await credits.consume({
      userId,
      ...context.req.valid("query"),
      ...amountOrQuantity(spent),
      member,
      description,
      idempotencyKey: context.req.valid("header")["idempotency-key"],
    });
    if (replayed) context.header("idempotent-replayed", "true");
    return context.json({ ...answer, allocations: [...allocations] }, 200);
  });
  return router;
}
