// Views on the ledger: the journal of an account, its usage, the export, and reports over all accounts.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import type { CreditType } from "../../credits/input.ts";
import type { UsageGroup } from "../../credits/insight/usage.ts";
import { errors, jsonContent } from "./describe.ts";
import * as shapes from "./insight-schemas.ts";
import { createRouter } from "./router.ts";
import { pageOf, userIdParam } from "./schemas.ts";

const historyRoute = createRoute({
  method: "get",
  path: "/accounts/{userId}/transactions",
  summary: "The journal, newest first, with the running balance. A merged account tells what happened under it before.",
  request: { params: userIdParam, query: shapes.historyQuery },
  responses: { 200: jsonContent(pageOf(shapes.entrySchema), "A page"), ...errors() },
});

const accountUsageRoute = createRoute({
  method: "get",
  path: "/accounts/{userId}/usage",
  summary: "What an account used, by day of its own zone unless grouped otherwise.",
  request: { params: userIdParam, query: shapes.usageQuery },
  responses: { 200: jsonContent(shapes.usageSchema, "The sums"), ...errors() },
});

const usageRoute = createRoute({
  method: "get",
  path: "/reports/usage",
  summary: "What all accounts used.",
  request: { query: shapes.usageQuery },
  responses: { 200: jsonContent(shapes.usageSchema, "The sums"), ...errors() },
});

const stream = { schema: z.string().openapi({ format: "binary" }) };
const exportRoute = createRoute({
  method: "get",
  path: "/exports/transactions",
  summary: "The journal as a stream of CSV or JSON Lines.",
  request: { query: shapes.exportQuery },
  responses: {
    200: { description: "The entries", content: { "text/csv": stream, "application/x-ndjson": stream } },
    ...errors(),
  },
});

const monthlyRoute = createRoute({
  method: "get",
  path: "/reports/credits",
  summary: "Credits granted, used, expired and outstanding, by month and unit.",
  request: { query: shapes.monthlyQuery },
  responses: { 200: jsonContent(pageOf(shapes.monthlySchema), "The months"), ...errors() },
});

const deferredRoute = createRoute({
  method: "get",
  path: "/reports/deferred-revenue",
  summary: "Payments, newest first, with what became of their credits and the deferred part of their money.",
  request: { query: shapes.deferredQuery },
  responses: { 200: jsonContent(pageOf(shapes.deferredSchema), "A page"), ...errors() },
});

const expiringRoute = createRoute({
  method: "get",
  path: "/reports/expiring",
  summary: "Lots that expire soon, soonest first.",
  request: { query: shapes.expiringQuery },
  responses: { 200: jsonContent(pageOf(shapes.expiringSchema), "A page"), ...errors() },
});

const expiringByDayRoute = createRoute({
  method: "get",
  path: "/reports/expiring-by-day",
  summary: "What expires soon over all accounts, by day and unit.",
  request: { query: shapes.expiringByDayQuery },
  responses: { 200: jsonContent(pageOf(shapes.expiringDaySchema), "The days"), ...errors() },
});

export function insightRoutes({ credits, payment }: Pick<Engine, "credits" | "payment">): OpenAPIHono {
  const router = createRouter();
  router.openapi(historyRoute, async (context) => {
    const { userId } = context.req.valid("param");
    const { items, nextCursor } = await credits.history({ userId, ...filterOf(context.req.valid("query")) });
    const shown = items.map((entry) => ({
      ...entry,
      createdAt: entry.createdAt.toISOString(),
      expirationDate: entry.expirationDate?.toISOString() ?? null,
      metadata: entry.metadata === null ? null : { ...entry.metadata },
    }));
    return context.json({ items: shown, nextCursor }, 200);
  });
  router.openapi(accountUsageRoute, async (context) => {
    const { userId } = context.req.valid("param");
    const { timeZone, rows } = await credits.usage({ userId, ...usageOf(context.req.valid("query")) });
    return context.json({ timeZone, rows: [...rows] }, 200);
  });
  router.openapi(usageRoute, async (context) => {
    const { timeZone, rows } = await credits.usage(usageOf(context.req.valid("query")));
    return context.json({ timeZone, rows: [...rows] }, 200);
  });
  router.openapi(exportRoute, async (context) => {
    const query = context.req.valid("query");
    return context.body(await credits.export(filterOf(query)), 200, {
      "content-type": query.format === "csv" ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson",
      "content-disposition": `attachment; filename="transactions.${query.format}"`,
    });
  });
  router.openapi(monthlyRoute, async (context) =>
    context.json({ items: await credits.monthly(context.req.valid("query")), nextCursor: null }, 200),
  );
  router.openapi(deferredRoute, async (context) => {
    const { at, ...query } = context.req.valid("query");
    const { items, nextCursor } = await payment.deferredRevenue({ ...timesOf(query), at: moment(at) });
    const shown = items.map((item) => ({ ...item, paidAt: item.paidAt?.toISOString() ?? null }));
    return context.json({ items: shown, nextCursor }, 200);
  });
  router.openapi(expiringRoute, async (context) => {
    const { items, nextCursor } = await credits.expiring(context.req.valid("query"));
    return context.json(
      { items: items.map((lot) => ({ ...lot, expiresAt: lot.expiresAt.toISOString() })), nextCursor },
      200,
    );
  });
  router.openapi(expiringByDayRoute, async (context) =>
    context.json({ items: await credits.expiringByDay(context.req.valid("query")), nextCursor: null }, 200),
  );
  return router;
}

const moment = (time: string | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));

interface Times {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

function timesOf<Query extends Times>({
  from,
  to,
  ...query
}: Query): Omit<Query, "from" | "to"> & { from?: Date | undefined; to?: Date | undefined } {
  return { ...query, from: moment(from), to: moment(to) };
}

// The words are checked by the operation.
function filterOf<Query extends Times & { readonly type?: string | undefined }>({ type, ...query }: Query) {
  return { ...timesOf(query), types: type?.split(",") as CreditType[] | undefined };
}

function usageOf<Query extends Times & { readonly type?: string | undefined; readonly by?: string | undefined }>({
  by,
  ...query
}: Query) {
  return { ...filterOf(query), by: by?.split(",") as UsageGroup[] | undefined };
}
