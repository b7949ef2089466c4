// Operations: events and tasks with their replay, and the audit.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import type { EventView } from "../../payment/inbox.ts";
import type { TaskView } from "../../tasks/inspect.ts";
import { errors, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import * as schemas from "./schemas.ts";

const eventsRoute = createRoute({
  method: "get",
  path: "/events",
  summary: "Events received, newest first.",
  request: { query: schemas.pageQuery.extend({ status: z.enum(schemas.eventStatuses).optional() }) },
  responses: { 200: jsonContent(schemas.pageOf(schemas.eventSchema), "A page"), ...errors() },
});

const replayEventRoute = createRoute({
  method: "post",
  path: "/events/{id}/replay",
  summary: "Handles an event again; `id` is ours or the provider's (evt_…).",
  request: { params: schemas.idParam },
  responses: { 200: jsonContent(schemas.replayAnswer, "Reopened"), ...errors(404, 422) },
});

const tasksRoute = createRoute({
  method: "get",
  path: "/tasks",
  summary: "Tasks, newest first.",
  request: { query: schemas.pageQuery.extend({ status: z.enum(schemas.taskStatuses).optional() }) },
  responses: { 200: jsonContent(schemas.pageOf(schemas.taskSchema), "A page"), ...errors() },
});

const taskRoute = createRoute({
  method: "get",
  path: "/tasks/{id}",
  summary: "One task with all its attempts.",
  request: { params: schemas.idParam },
  responses: { 200: jsonContent(schemas.taskDetailSchema, "The task"), ...errors(404) },
});

const replayTaskRoute = createRoute({
  method: "post",
  path: "/tasks/{id}/replay",
  summary: "Reopens a task that is dead, done, cancelled or waiting.",
  request: { params: schemas.idParam },
  responses: { 200: jsonContent(schemas.replayAnswer, "Reopened"), ...errors(404, 422) },
});

const auditRoute = createRoute({
  method: "get",
  path: "/audit",
  summary: "Checks every equation of the ledger.",
  request: { query: schemas.auditQuery },
  responses: { 200: jsonContent(schemas.auditSchema, "The result"), ...errors() },
});

export function operationRoutes({ credits, events, tasks }: Pick<Engine, "credits" | "events" | "tasks">): OpenAPIHono {
  const router = createRouter();
  router.openapi(eventsRoute, async (context) => {
    const { items, nextCursor } = await events.list(context.req.valid("query"));
    return context.json({ items: items.map(eventJson), nextCursor }, 200);
  });
  router.openapi(replayEventRoute, async (context) => {
    const { id } = context.req.valid("param");
    await events.replay(id);
    return context.json({ id, status: "pending" as const }, 200);
  });
  router.openapi(tasksRoute, async (context) => {
    const { items, nextCursor } = await tasks.list(context.req.valid("query"));
    return context.json({ items: items.map(taskJson), nextCursor }, 200);
  });
  router.openapi(taskRoute, async (context) => {
    const { history, ...task } = await tasks.get(context.req.valid("param").id);
    const attempts = history.map((attempt) => ({
      ...attempt,
      startedAt: attempt.startedAt.toISOString(),
      finishedAt: attempt.finishedAt?.toISOString() ?? null,
    }));
    return context.json({ ...taskJson(task), history: attempts }, 200);
  });
  router.openapi(replayTaskRoute, async (context) => {
    const { id } = context.req.valid("param");
    await tasks.replay(id);
    return context.json({ id, status: "pending" as const }, 200);
  });
  router.openapi(auditRoute, async (context) => {
    const { userId, unit, equation } = context.req.valid("query");
    const { violations, seals, ...result } = await credits.audit({ userId, unit, equations: equation?.split(",") });
    const proved =
      seals === undefined ? null : { checked: seals.checked, entries: seals.entries, unsealed: seals.unsealed };
    return context.json({ ...result, violations: [...violations], seals: proved }, 200);
  });
  return router;
}

function eventJson(event: EventView): z.infer<typeof schemas.eventSchema> {
  return {
    ...event,
    receivedAt: event.receivedAt.toISOString(),
    processedAt: event.processedAt?.toISOString() ?? null,
  };
}

function taskJson(task: TaskView): z.infer<typeof schemas.taskSchema> {
  return {
    ...task,
    runAt: task.runAt.toISOString(),
    createdAt: task.createdAt.toISOString(),
    finishedAt: task.finishedAt?.toISOString() ?? null,
  };
}
