// Consuming in batches over REST.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import { errorBody } from "../../kernel/errors.ts";
import { errors, jsonBody, jsonContent } from "./describe.ts";
import { amountOrQuantity } from "./price-table.ts";
import { createRouter } from "./router.ts";
import { consumeAnswer, consumeBody, errorSchema, unitQuery } from "./schemas.ts";

export const BATCH_PATH = "/consume-batch";
export const BATCH_LIMIT_BYTES = 8 * 1024 * 1024;

const text = z.string().min(1).max(255);
const item = consumeBody
  .extend({
    userId: text,
    unit: unitQuery.shape.unit,
    member: text.optional(),
    idempotencyKey: text.optional().openapi({
      description: "The same key has one effect and one answer; another request under it is a conflict.",
    }),
    metadata: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("ConsumeItem");

const outcome = z
  .discriminatedUnion("ok", [
    consumeAnswer.extend({ ok: z.literal(true), replayed: z.boolean() }),
    errorSchema.extend({ ok: z.literal(false) }),
  ])
  .openapi("ConsumeOutcome");

const batchRoute = createRoute({
  method: "post",
  path: BATCH_PATH,
  summary: "Consumes up to 10,000 items, each for itself, in the order given, in one transaction.",
  request: { body: jsonBody(z.strictObject({ items: z.array(item).max(10_000) }).openapi("ConsumeBatchRequest")) },
  responses: {
    200: jsonContent(
      z.object({ items: z.array(outcome) }).openapi("ConsumeBatchAnswer"),
      "What became of each item, in the order of the request. An item that is refused changes nothing.",
    ),
    ...errors(413),
  },
});

export function batchRoutes({ credits }: Pick<Engine, "credits">): OpenAPIHono {
  const router = createRouter();
  router.openapi(batchRoute, async (context) => {
    const wanted = context.req.valid("json").items;
    const outcomes = await credits.consumeMany(
      wanted.map(({ amount, quantity, feature, ...rest }) => ({
        ...rest,
        ...amountOrQuantity({ amount, quantity, feature }),
      })),
    );
    const items = outcomes.map((one) =>
      one.ok ? { ...one, allocations: [...one.allocations] } : { ok: false as const, ...errorBody(one.error) },
    );
    return context.json({ items }, 200);
  });
  return router;
}
