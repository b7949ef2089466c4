// Endpoints over REST: where events are posted to.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import { eventTypes, type EventType } from "../../kernel/outgoing-event.ts";
import type { Endpoint } from "../../outgoing/endpoint.ts";
import { ACTOR } from "./actor.ts";
import { errors, jsonBody, jsonContent, optionalJsonBody } from "./describe.ts";
import { emptyBodyIsAbsent } from "./empty-body.ts";
import { createRouter } from "./router.ts";
import { idParam, text, time } from "./schemas.ts";

const types = z
  .array(z.enum(eventTypes as [EventType, ...EventType[]]))
  .min(1)
  .nullable()
  .openapi({ description: "Null: every type but credits.consumed, which has to be named." });

const endpointSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    description: z.string().nullable(),
    types: z.array(z.string()).nullable(),
    userId: z.string().nullable().openapi({ description: "Whose events it gets; null: everybody's." }),
    status: z.enum(["enabled", "disabled"]),
    disabledReason: z.enum(["failing", "gone", "manual"]).nullable(),
    failingSince: time.nullable(),
    previousSecretUntil: time.nullable(),
    pending: z.int().openapi({ description: "Deliveries that wait." }),
    actor: z.string(),
    createdAt: time,
    updatedAt: time,
  })
  .openapi("Endpoint");
const withSecret = endpointSchema
  .extend({ secret: z.string().openapi({ description: "Signs the deliveries. Shown this once." }) })
  .openapi("EndpointWithSecret");

const addBody = z
  .strictObject({
    url: text(2000),
    description: text(255).optional(),
    types: types.optional(),
    userId: text(255).optional(),
  })
  .openapi("AddEndpointRequest");
const updateBody = z
  .strictObject({ url: text(2000).optional(), description: text(255).optional(), types: types.optional() })
  .openapi("UpdateEndpointRequest");
const rollBody = z
  .strictObject({
    keepHours: z
      .int()
      .min(0)
      .max(720)
      .optional()
      .openapi({ description: "Both secrets sign for so long; default 24." }),
  })
  .openapi("RollSecretRequest");

const listRoute = createRoute({
  method: "get",
  path: "/endpoints",
  summary: "Endpoints that events are posted to.",
  request: { query: z.object({ userId: text(255).optional() }) },
  responses: { 200: jsonContent(z.object({ items: z.array(endpointSchema) }), "The endpoints"), ...errors() },
});
const addRoute = createRoute({
  method: "post",
  path: "/endpoints",
  summary: "Adds an endpoint; answers its secret, this once.",
  request: { body: jsonBody(addBody) },
  responses: { 200: jsonContent(withSecret, "Added"), ...errors(413) },
});
const getRoute = createRoute({
  method: "get",
  path: "/endpoints/{id}",
  summary: "One endpoint.",
  request: { params: idParam },
  responses: { 200: jsonContent(endpointSchema, "The endpoint"), ...errors(404) },
});
const updateRoute = createRoute({
  method: "patch",
  path: "/endpoints/{id}",
  summary: "Changes what is given.",
  request: { params: idParam, body: jsonBody(updateBody) },
  responses: { 200: jsonContent(endpointSchema, "Changed"), ...errors(404, 413) },
});
const removeRoute = createRoute({
  method: "delete",
  path: "/endpoints/{id}",
  summary: "Removes an endpoint with its deliveries and their log.",
  request: { params: idParam },
  responses: { 200: jsonContent(z.object({ id: z.string() }), "Removed"), ...errors(404) },
});
const rollRoute = createRoute({
  method: "post",
  path: "/endpoints/{id}/roll-secret",
  summary: "Makes a new secret and answers it, this once; the old one signs too for a while.",
  middleware: emptyBodyIsAbsent,
  request: { params: idParam, body: optionalJsonBody(rollBody) },
  responses: { 200: jsonContent(withSecret, "The new secret"), ...errors(404, 413) },
});
const statusRoute = <Verb extends "enable" | "disable">(verb: Verb, summary: string) =>
  createRoute({
    method: "post",
    path: `/endpoints/{id}/${verb}` as const,
    summary,
    request: { params: idParam },
    responses: { 200: jsonContent(endpointSchema, "The endpoint"), ...errors(404) },
  });

export function endpointRoutes({ endpoints }: Pick<Engine, "endpoints">): OpenAPIHono {
  const router = createRouter();
  const by = { actor: ACTOR };
  router.openapi(listRoute, async (context) => {
    const items = await endpoints.list(context.req.valid("query"));
    return context.json({ items: items.map(endpointJson) }, 200);
  });
  router.openapi(addRoute, async (context) => {
    const { secret, ...endpoint } = await endpoints.add(context.req.valid("json"), by);
    return context.json({ ...endpointJson(endpoint), secret }, 200);
  });
  router.openapi(getRoute, async (context) =>
    context.json(endpointJson(await endpoints.get(context.req.valid("param").id)), 200),
  );
  router.openapi(updateRoute, async (context) => {
    const { id } = context.req.valid("param");
    return context.json(endpointJson(await endpoints.update(id, context.req.valid("json"), by)), 200);
  });
  router.openapi(removeRoute, async (context) => {
    const { id } = context.req.valid("param");
    await endpoints.remove(id, by);
    return context.json({ id }, 200);
  });
  router.openapi(rollRoute, async (context) => {
    const { id } = context.req.valid("param");
    const { secret, ...endpoint } = await endpoints.rollSecret(id, context.req.valid("json") ?? {}, by);
    return context.json({ ...endpointJson(endpoint), secret }, 200);
  });
  router.openapi(statusRoute("enable", "Sends to an endpoint again from now on."), async (context) =>
    context.json(endpointJson(await endpoints.enable(context.req.valid("param").id, by)), 200),
  );
  router.openapi(statusRoute("disable", "Sends an endpoint nothing more."), async (context) =>
    context.json(endpointJson(await endpoints.disable(context.req.valid("param").id, by)), 200),
  );
  return router;
}

function endpointJson({ types: subscribed, ...endpoint }: Endpoint): z.infer<typeof endpointSchema> {
  return {
    ...endpoint,
    types: subscribed === null ? null : [...subscribed],
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    previousSecretUntil: endpoint.previousSecretUntil?.toISOString() ?? null,
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  };
}
