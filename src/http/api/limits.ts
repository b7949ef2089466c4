// Spend limits: how much an account, or one member of it, may spend in a day, week or month.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { limitPeriods } from "../../credits/limits.ts";
import type { AccountInput } from "../../credits/input.ts";
import type { Engine } from "../../engine.ts";
import { errors, jsonBody, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import { pageOf, text, time, unitQuery, userIdParam } from "./schemas.ts";

const period = z.enum(limitPeriods);
const member = text(255)
  .optional()
  .openapi({ description: "The member that is limited; absent: the account as a whole." });

const limitSchema = z
  .object({
    member: z.string().nullable(),
    period,
    amount: z.int(),
    spent: z.int().openapi({ description: "Usage and open holds of the present period, less refunds." }),
    timeZone: z.string(),
    periodStart: z.iso.date(),
    resetsAt: time,
  })
  .openapi("SpendLimit");
const limitsPage = pageOf(limitSchema);
const limitBody = z
  .strictObject({
    member,
    period,
    amount: z.int().min(0).max(Number.MAX_SAFE_INTEGER).openapi({ description: "Credits a period." }),
    timeZone: text(100).optional().openapi({
      description:
        "Where days, weeks (from Monday) and months begin: an IANA name; absent: as before, or the account's.",
    }),
  })
  .openapi("SpendLimitRequest");

const listRoute = createRoute({
  method: "get",
  path: "/accounts/{userId}/limits",
  summary: "The spend limits with what their present period has seen, all on one page.",
  request: { params: userIdParam, query: unitQuery },
  responses: { 200: jsonContent(limitsPage, "The limits"), ...errors() },
});

const putRoute = createRoute({
  method: "put",
  path: "/accounts/{userId}/limits",
  summary: "Sets or changes one limit, and answers all.",
  request: { params: userIdParam, query: unitQuery, body: jsonBody(limitBody) },
  responses: { 200: jsonContent(limitsPage, "The limits"), ...errors(413) },
});

const deleteRoute = createRoute({
  method: "delete",
  path: "/accounts/{userId}/limits",
  summary: "Removes one limit, and answers those that remain.",
  request: { params: userIdParam, query: unitQuery.extend({ period, member }) },
  responses: { 200: jsonContent(limitsPage, "The limits"), ...errors() },
});

export function limitRoutes({ credits }: Pick<Engine, "credits">): OpenAPIHono {
  const router = createRouter();
  const page = async (account: AccountInput): Promise<z.infer<typeof limitsPage>> => {
    const limits = await credits.limits(account);
    return { items: limits.map((limit) => ({ ...limit, resetsAt: limit.resetsAt.toISOString() })), nextCursor: null };
  };
  router.openapi(listRoute, async (context) =>
    context.json(await page({ ...context.req.valid("param"), ...context.req.valid("query") }), 200),
  );
  router.openapi(putRoute, async (context) => {
    const account = { ...context.req.valid("param"), ...context.req.valid("query") };
    await credits.setLimit({ ...account, ...context.req.valid("json") });
    return context.json(await page(account), 200);
  });
  router.openapi(deleteRoute, async (context) => {
    const { unit, ...limit } = context.req.valid("query");
    const account = { ...context.req.valid("param"), unit };
    await credits.setLimit({ ...account, ...limit, amount: null });
    return context.json(await page(account), 200);
  });
  return router;
}
