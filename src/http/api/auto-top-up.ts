// Automatic top-ups: packs that are bought by themselves when little is available.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import { TallystickError } from "../../kernel/errors.ts";
import type { AutoTopUp } from "../../payment/billing/auto-top-up.ts";
import { errors, jsonBody, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import { text, time, userIdParam } from "./schemas.ts";

const body = z
  .strictObject({
    below: z
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .openapi({ description: "Bought as soon as less than this is available." }),
    priceId: text(255).openapi({ description: "A pack of the catalog.", example: "price_credits_basic" }),
    quantity: z.int().min(1).max(100).optional(),
    maxPerMonth: z.int().min(1).max(100).openapi({ description: "Purchases in a calendar month of UTC." }),
    provider: text(63).optional().openapi({ description: "May be left out where only one is configured." }),
  })
  .openapi("AutoTopUpRequest");

const answer = z
  .object({
    userId: z.string(),
    provider: z.string(),
    priceId: z.string(),
    quantity: z.int(),
    below: z.int(),
    maxPerMonth: z.int(),
    state: z.enum(["watching", "charging", "action_required", "backing_off", "suspended", "limit_reached", "closed"]),
    usedThisMonth: z.int().openapi({ description: "What was paid this month, and what may be." }),
    nextAttemptAt: time.nullable().openapi({ description: "When time ends the wait." }),
    attempts: z.array(
      z.object({
        id: z.string(),
        status: z.enum(["pending", "action_required", "succeeded", "failed", "cancelled"]),
        reason: z.string().nullable().openapi({ description: "Why it failed, in the provider's own word." }),
        priceId: z.string(),
        quantity: z.int(),
        invoiceId: z.string().nullable(),
        payUrl: z.string().nullable().openapi({ description: "Where the payer can pay what waits." }),
        createdAt: time,
        finishedAt: time.nullable(),
      }),
    ),
  })
  .openapi("AutoTopUp");

const path = "/billing/auto-top-ups/{userId}";

const getRoute = createRoute({
  method: "get",
  path,
  summary: "A user's automatic top-up, its state and its newest attempts.",
  request: { params: userIdParam },
  responses: { 200: jsonContent(answer, "The top-up"), ...errors(404) },
});

const putRoute = createRoute({
  method: "put",
  path,
  summary: "Sets what is bought for the user when little is available; begins at once when it is. Repeatable.",
  request: { params: userIdParam, body: jsonBody(body) },
  responses: { 200: jsonContent(answer, "The top-up"), ...errors(404, 413, 422) },
});

const deleteRoute = createRoute({
  method: "delete",
  path,
  summary: "Removes it; what was not paid yet is not paid any more. Repeatable.",
  request: { params: userIdParam },
  responses: { 200: jsonContent(z.object({ removed: z.boolean() }).openapi("RemovedAutoTopUp"), "Gone"), ...errors() },
});

const retryRoute = createRoute({
  method: "post",
  path: `${path}/retry`,
  summary: "Ends the wait after a decline and the suspension, as for a new card.",
  request: { params: userIdParam },
  responses: { 200: jsonContent(answer, "The top-up"), ...errors(404) },
});

export function autoTopUpRoutes({ billing: { autoTopUp } }: Pick<Engine, "billing">): OpenAPIHono {
  const router = createRouter();
  router.openapi(getRoute, async (context) => {
    const found = await autoTopUp.get(context.req.valid("param").userId);
    if (found === null) throw new TallystickError("not_found", "The user has no automatic top-up.");
    return context.json(json(found), 200);
  });
  router.openapi(putRoute, async (context) =>
    context.json(json(await autoTopUp.set({ ...context.req.valid("param"), ...context.req.valid("json") })), 200),
  );
  router.openapi(deleteRoute, async (context) =>
    context.json({ removed: await autoTopUp.remove(context.req.valid("param").userId) }, 200),
  );
  router.openapi(retryRoute, async (context) =>
    context.json(json(await autoTopUp.retry(context.req.valid("param").userId)), 200),
  );
  return router;
}

function json({ nextAttemptAt, attempts, ...topUp }: AutoTopUp) {
  return {
    ...topUp,
    nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
    attempts: attempts.map(({ createdAt, finishedAt, ...attempt }) => ({
      ...attempt,
      createdAt: createdAt.toISOString(),
      finishedAt: finishedAt?.toISOString() ?? null,
    })),
  };
}
