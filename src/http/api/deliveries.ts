// The log of deliveries over REST, and sending again.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import type { Delivery } from "../../outgoing/deliveries.ts";
import { ACTOR } from "./actor.ts";
import { errors, jsonBody, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import { idParam, pageOf, pageQuery, replayAnswer, time } from "./schemas.ts";

const statuses = ["pending", "delivered", "failed", "cancelled"] as const;

const deliverySchema = z
  .object({
    id: z.string(),
    endpointId: z.string(),
    webhookId: z.string().openapi({ description: "The receiver's `webhook-id`, the same in every attempt." }),
    type: z.string(),
    status: z.enum(statuses),
    attempts: z.int(),
    lastStatusCode: z.int().nullable().openapi({ description: "Null: no answer, or no attempt yet." }),
    lastError: z.string().nullable(),
    taskId: z.string(),
    occurredAt: time,
    createdAt: time,
    finishedAt: time.nullable(),
  })
  .openapi("Delivery");
const detailSchema = deliverySchema
  .extend({
    data: z.record(z.string(), z.unknown()).nullable().openapi({ description: "Null: it has been forgotten." }),
    history: z.array(
      z.object({ at: time, statusCode: z.int().nullable(), error: z.string().nullable(), durationMs: z.int() }),
    ),
  })
  .openapi("DeliveryDetail");
const replayBody = z
  .strictObject({
    since: time.openapi({ description: "Events that happened from this moment on." }),
    all: z.boolean().optional().openapi({ description: "Also those that were delivered; default false." }),
  })
  .openapi("ReplayDeliveriesRequest");

const listRoute = createRoute({
  method: "get",
  path: "/endpoints/{id}/deliveries",
  summary: "What was sent to an endpoint, newest first.",
  request: { params: idParam, query: pageQuery.extend({ status: z.enum(statuses).optional() }) },
  responses: { 200: jsonContent(pageOf(deliverySchema), "A page"), ...errors(404) },
});
const getRoute = createRoute({
  method: "get",
  path: "/deliveries/{id}",
  summary: "One delivery with its data and all its attempts.",
  request: { params: idParam },
  responses: { 200: jsonContent(detailSchema, "The delivery"), ...errors(404) },
});
const replayRoute = createRoute({
  method: "post",
  path: "/deliveries/{id}/replay",
  summary: "Sends one delivery again, under the same webhook-id.",
  request: { params: idParam },
  responses: { 200: jsonContent(replayAnswer, "Waiting again"), ...errors(404, 422) },
});
const replaySinceRoute = createRoute({
  method: "post",
  path: "/endpoints/{id}/replay",
  summary: "Sends again what an endpoint did not get since a moment.",
  request: { params: idParam, body: jsonBody(replayBody) },
  responses: { 200: jsonContent(z.object({ replayed: z.int() }), "How many wait again"), ...errors(404, 413, 422) },
});

export function deliveryRoutes({ endpoints }: Pick<Engine, "endpoints">): OpenAPIHono {
  const router = createRouter();
  router.openapi(listRoute, async (context) => {
    const { id } = context.req.valid("param");
    const { items, nextCursor } = await endpoints.deliveries(id, context.req.valid("query"));
    return context.json({ items: items.map(deliveryJson), nextCursor }, 200);
  });
  router.openapi(getRoute, async (context) => {
    const { history, data, ...delivery } = await endpoints.delivery(context.req.valid("param").id);
    const attempts = history.map((attempt) => ({ ...attempt, at: attempt.at.toISOString() }));
    const sent = data as Record<string, unknown> | null;
    return context.json({ ...deliveryJson(delivery), data: sent, history: attempts }, 200);
  });
  router.openapi(replayRoute, async (context) => {
    const { id } = context.req.valid("param");
    await endpoints.replay(id, { actor: ACTOR });
    return context.json({ id, status: "pending" as const }, 200);
  });
  router.openapi(replaySinceRoute, async (context) => {
    const { since, all } = context.req.valid("json");
    const input = { since: new Date(since), all, actor: ACTOR };
    return context.json(await endpoints.replaySince(context.req.valid("param").id, input), 200);
  });
  return router;
}

function deliveryJson(delivery: Delivery): z.infer<typeof deliverySchema> {
  return {
    ...delivery,
    occurredAt: delivery.occurredAt.toISOString(),
    createdAt: delivery.createdAt.toISOString(),
    finishedAt: delivery.finishedAt?.toISOString() ?? null,
  };
}
