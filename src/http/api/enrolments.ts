// Enrolments: who receives a plan's monthly credits, and what changes that.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Enrolment } from "../../credits/enrolment.ts";
import type { Engine } from "../../engine.ts";
import { errors, jsonBody, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import * as schemas from "./schemas.ts";

const time = z.iso.datetime({ offset: true }).nullable();
const planId = z.string().min(1).max(255);

const enrolmentSchema = z
  .object({
    id: z.string(),
    planId: z.string(),
    type: z.string(),
    quantity: z.int(),
    status: z.enum(["active", "paused", "completed", "ended"]),
    anchorAt: z.iso.datetime({ offset: true }),
    periodsGranted: z.int(),
    periodCount: z.int().nullable(),
    periodEndsAt: time,
    nextDueAt: time,
    pausedAt: time,
    endedAt: time,
    createdAt: z.iso.datetime({ offset: true }),
    source: z.string().nullable(),
    continuesId: z.string().nullable(),
  })
  .openapi("Enrolment");

const accountRequest = { params: schemas.userIdParam, query: schemas.unitQuery };

const listRoute = createRoute({
  method: "get",
  path: "/accounts/{userId}/enrolments",
  summary: "The account's enrolments, newest first.",
  request: accountRequest,
  responses: { 200: jsonContent(z.object({ items: z.array(enrolmentSchema) }), "The enrolments"), ...errors() },
});

const enrolRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/enrolments",
  summary: "Enrols in a plan and grants the first month; once for each account and plan.",
  request: { ...accountRequest, body: jsonBody(z.strictObject({ planId }).openapi("EnrolRequest")) },
  responses: {
    200: jsonContent(z.object({ enrolmentId: z.string(), created: z.boolean() }), "Enrolled"),
    ...errors(413, 422),
  },
});

const planRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/plan",
  summary: "Changes the plan of a running enrolment; no period is given twice.",
  request: {
    ...accountRequest,
    headers: schemas.idempotencyHeader,
    body: jsonBody(
      z
        .strictObject({
          from: planId,
          to: planId,
          source: z.string().min(1).max(1000).optional(),
          grant: z.enum(["difference", "full", "next_period"]).optional(),
          anchor: z.enum(["keep", "now"]).optional(),
        })
        .openapi("PlanChangeRequest"),
    ),
  },
  responses: {
    200: jsonContent(z.object({ enrolment: enrolmentSchema, granted: z.int() }), "Changed"),
    ...errors(409, 413, 422),
  },
});

const zoneRoute = createRoute({
  method: "put",
  path: "/accounts/{userId}/time-zone",
  summary: "Sets the zone in which the account's months begin, from the next month on.",
  request: {
    ...accountRequest,
    body: jsonBody(z.strictObject({ timeZone: z.string().min(1).max(255) }).openapi("TimeZoneRequest")),
  },
  responses: { 200: jsonContent(z.object({ timeZone: z.string() }), "Set"), ...errors(413) },
});

const actRoute = <Name extends string, Body extends z.ZodType>(name: Name, summary: string, body: Body) =>
  createRoute({
    method: "post",
    path: `/enrolments/{id}/${name}`,
    summary,
    request: { params: schemas.idParam, body: jsonBody(body) },
    responses: { 200: jsonContent(enrolmentSchema, "The enrolment"), ...errors(404, 413, 422) },
  });
const endBody = z.strictObject({ when: z.enum(["now", "term_end"]).optional() }).openapi("EndEnrolmentRequest");
const resumeBody = z.strictObject({ missed: z.enum(["current", "all"]).optional() }).openapi("ResumeEnrolmentRequest");
const endRoute = actRoute("end", "Ends an enrolment, now or with its paid term.", endBody);
const pauseRoute = actRoute("pause", "Pauses an enrolment.", z.strictObject({}).openapi("PauseEnrolmentRequest"));
const resumeRoute = actRoute("resume", "Resumes an enrolment and grants what is due.", resumeBody);

export function enrolmentRoutes({ credits }: Pick<Engine, "credits">): OpenAPIHono {
  const router = createRouter();
  router.openapi(listRoute, async (context) => {
    const items = await credits.enrolments({ ...context.req.valid("param"), ...context.req.valid("query") });
    return context.json({ items: items.map(enrolmentJson) }, 200);
  });
  router.openapi(enrolRoute, async (context) => {
    const account = { ...context.req.valid("param"), ...context.req.valid("query") };
    return context.json(await credits.enrol({ ...account, ...context.req.valid("json") }), 200);
  });
  router.openapi(planRoute, async (context) => {
    const { enrolment, granted, replayed } = await credits.changePlan({
      ...context.req.valid("param"),
      ...context.req.valid("query"),
      ...context.req.valid("json"),
      idempotencyKey: context.req.valid("header")["idempotency-key"],
    });
    if (replayed) context.header("idempotent-replayed", "true");
    return context.json({ enrolment: enrolmentJson(enrolment), granted }, 200);
  });
  router.openapi(zoneRoute, async (context) => {
    const { timeZone } = context.req.valid("json");
    await credits.setTimeZone({ ...context.req.valid("param"), ...context.req.valid("query"), timeZone });
    return context.json({ timeZone }, 200);
  });
  router.openapi(endRoute, async (context) => {
    const { id } = context.req.valid("param");
    const { when } = context.req.valid("json");
    return context.json(enrolmentJson(await credits.endEnrolment({ enrolmentId: id, when })), 200);
  });
  router.openapi(pauseRoute, async (context) => {
    const { id } = context.req.valid("param");
    return context.json(enrolmentJson(await credits.pauseEnrolment({ enrolmentId: id })), 200);
  });
  router.openapi(resumeRoute, async (context) => {
    const { id } = context.req.valid("param");
    const { missed } = context.req.valid("json");
    return context.json(enrolmentJson(await credits.resumeEnrolment({ enrolmentId: id, missed })), 200);
  });
  return router;
}

function enrolmentJson(enrolment: Enrolment): z.infer<typeof enrolmentSchema> {
  return {
    ...enrolment,
    anchorAt: enrolment.anchorAt.toISOString(),
    periodEndsAt: enrolment.periodEndsAt?.toISOString() ?? null,
    nextDueAt: enrolment.nextDueAt?.toISOString() ?? null,
    pausedAt: enrolment.pausedAt?.toISOString() ?? null,
    endedAt: enrolment.endedAt?.toISOString() ?? null,
    createdAt: enrolment.createdAt.toISOString(),
  };
}
