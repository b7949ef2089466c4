// What features cost: the price table over REST, and the choice between an amount and a quantity.
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { invalid } from "../../credits/input.ts";
import type { Engine } from "../../engine.ts";
import { errors, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import * as schemas from "./schemas.ts";

const costRoute = createRoute({
  method: "get",
  path: "/cost",
  summary: "What a quantity of a feature costs in credits.",
  request: { query: schemas.costQuery },
  responses: { 200: jsonContent(schemas.costAnswer, "The cost"), ...errors() },
});

export function priceTableRoutes({ credits }: Pick<Engine, "credits">): OpenAPIHono {
  const router = createRouter();
  router.openapi(costRoute, (context) => context.json(credits.cost(context.req.valid("query")), 200));
  return router;
}

interface Spending {
  readonly amount?: number | undefined;
  readonly quantity?: number | undefined;
  readonly feature?: string | undefined;
}

/** Reads a body that has either an amount, or a quantity and its feature. @throws invalid_request */
export function amountOrQuantity({ amount, quantity, feature }: Spending) {
  if (quantity === undefined && amount !== undefined) return { amount, feature };
  if (quantity !== undefined && amount === undefined) {
    if (feature === undefined) throw invalid("quantity needs the feature that it is a quantity of.");
    return { quantity, feature };
  }
  throw invalid("give either amount, or quantity with its feature.");
}
