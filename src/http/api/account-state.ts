// What happens to accounts as a whole: freeze, unfreeze, merge.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import { ACTOR } from "./actor.ts";
import { errors, jsonBody, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import { text, unitQuery, userIdParam } from "./schemas.ts";

const reasonBody = z.strictObject({ reason: text(1000) }).openapi("ReasonRequest");
const frozenAnswer = z.object({ userId: z.string(), unit: z.string(), frozen: z.boolean() }).openapi("FrozenAnswer");
const mergeBody = z
  .strictObject({ into: text(255).openapi({ description: "The user whose account remains." }), reason: text(1000) })
  .openapi("MergeRequest");
const mergeAnswer = z
  .object({
    moved: z.int().openapi({ description: "Credits that went over." }),
    debt: z.int().openapi({ description: "Debt that went over." }),
  })
  .openapi("MergeAnswer");

const freezeRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/freeze",
  summary: "Refuses consume and hold from now on; all else goes on. Repeatable.",
  request: { params: userIdParam, query: unitQuery, body: jsonBody(reasonBody) },
  responses: { 200: jsonContent(frozenAnswer, "Frozen"), ...errors(413) },
});

const unfreezeRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/unfreeze",
  summary: "Lets a frozen account spend again. Repeatable.",
  request: { params: userIdParam, query: unitQuery, body: jsonBody(reasonBody) },
  responses: { 200: jsonContent(frozenAnswer, "Not frozen"), ...errors(413) },
});

const mergeRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/merge",
  summary: "Moves all of an account, a freeze too, into another and makes its user id an alias of it. Repeatable.",
  request: { params: userIdParam, query: unitQuery, body: jsonBody(mergeBody) },
  responses: { 200: jsonContent(mergeAnswer, "Merged"), ...errors(413, 422) },
});

export function accountStateRoutes({ credits }: Pick<Engine, "credits">): OpenAPIHono {
  const router = createRouter();
  router.openapi(freezeRoute, async (context) => {
    const { userId } = context.req.valid("param");
    const { unit = "credit" } = context.req.valid("query");
    await credits.freeze({ userId, unit, ...context.req.valid("json"), actor: ACTOR });
    return context.json({ userId, unit, frozen: true }, 200);
  });
  router.openapi(unfreezeRoute, async (context) => {
    const { userId } = context.req.valid("param");
    const { unit = "credit" } = context.req.valid("query");
    await credits.unfreeze({ userId, unit, ...context.req.valid("json"), actor: ACTOR });
    return context.json({ userId, unit, frozen: false }, 200);
  });
  router.openapi(mergeRoute, async (context) => {
    const { into, reason } = context.req.valid("json");
    const { userId } = context.req.valid("param");
    const merged = await credits.merge({
      fromUserId: userId,
      toUserId: into,
      ...context.req.valid("query"),
      actor: ACTOR,
      reason,
    });
    return context.json(merged, 200);
  });
  return router;
}
