// What is given back and put right: refunds of debits, corrections by people, and returns of money.
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { RefundResult } from "../../credits/refund.ts";
import type { Engine } from "../../engine.ts";
import { timesOf } from "./accounts.ts";
import { ACTOR } from "./actor.ts";
import { errors, jsonBody, jsonContent, optionalJsonBody } from "./describe.ts";
import { emptyBodyIsAbsent } from "./empty-body.ts";
import { createRouter } from "./router.ts";
import {
  credits,
  grantAnswer,
  idempotencyHeader,
  idParam,
  lotFields,
  text,
  unitQuery,
  userIdParam,
} from "./schemas.ts";

const refundFields = {
  amount: credits.optional().openapi({ description: "Credits to give back; absent: all that is left of the debit." }),
  graceHours: z.number().min(0).max(87_600).optional().openapi({
    description: "What is given back lives for these hours at least; default 24.",
  }),
  description: text(1000).optional(),
};
const refundBody = z.strictObject(refundFields).openapi("RefundRequest");
const refundByKeyBody = z
  .strictObject({
    debitKey: text(255).openapi({ description: "The key under which the debit was consumed, adjusted or captured." }),
    ...refundFields,
  })
  .openapi("RefundByKeyRequest");
const refundAnswer = z
  .object({
    transactionId: z.string().openapi({ description: "The first entry of the refund." }),
    refunded: z.int(),
    balance: z.int(),
    available: z.int(),
  })
  .openapi("RefundAnswer");

const adjustmentBody = z
  .strictObject({
    amount: z
      .int()
      .min(-Number.MAX_SAFE_INTEGER)
      .max(Number.MAX_SAFE_INTEGER)
      .refine((amount) => amount !== 0, "must not be 0")
      .openapi({ description: "Credits to add, or, negative, to take off; not 0.", example: -10 }),
    description: text(1000).optional().openapi({ description: "Why; default `api`." }),
    feature: text(255).optional().openapi({ description: "Taking off: also from credits kept for this feature." }),
    ...lotFields,
  })
  .openapi("AdjustmentRequest");

const minorUnits = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const returnsBody = z
  .strictObject({
    paid: minorUnits.openapi({ description: "What was paid, in the currency's minor unit." }),
    returned: minorUnits.openapi({
      description: "The sum of refunds that stand and of dispute amounts withdrawn and not reinstated.",
    }),
    policy: z.enum(["debt", "forgive"]).optional().openapi({
      description:
        "What becomes of credits that are spent already, or that turn out to be when their hold ends; default `debt`.",
    }),
  })
  .openapi("ReturnsRequest");
const returnsAnswer = z
  .object({ clawedBack: z.int(), reinstated: z.int(), forgiven: z.int() })
  .openapi("ReturnsAnswer");

const refundRoute = createRoute({
  method: "post",
  path: "/transactions/{id}/refund",
  summary: "Gives a usage or a negative adjustment back, in whole or in part.",
  middleware: emptyBodyIsAbsent,
  request: { params: idParam, headers: idempotencyHeader, body: optionalJsonBody(refundBody) },
  responses: { 200: jsonContent(refundAnswer, "Refunded"), ...errors(404, 409, 413, 422) },
});

const refundByKeyRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/refunds",
  summary: "The same for the debit that an idempotency key wrote.",
  request: { params: userIdParam, query: unitQuery, headers: idempotencyHeader, body: jsonBody(refundByKeyBody) },
  responses: { 200: jsonContent(refundAnswer, "Refunded"), ...errors(404, 409, 413, 422) },
});

const adjustRoute = createRoute({
  method: "post",
  path: "/accounts/{userId}/adjustments",
  summary: "A person's correction: adds credits, or takes them off, also from a frozen account and beyond limits.",
  request: { params: userIdParam, query: unitQuery, headers: idempotencyHeader, body: jsonBody(adjustmentBody) },
  responses: { 200: jsonContent(grantAnswer, "Adjusted"), ...errors(402, 409, 413, 422) },
});

const returnsRoute = createRoute({
  method: "post",
  path: "/payments/{id}/returns",
  summary: "Tells the present sums of a payment; credits are taken back or put back until they agree. Repeatable.",
  request: { params: idParam, body: jsonBody(returnsBody) },
  responses: { 200: jsonContent(returnsAnswer, "Settled"), ...errors(404, 413, 422) },
});

export function refundRoutes({ credits: ledger }: Pick<Engine, "credits">): OpenAPIHono {
  const router = createRouter();
  router.openapi(refundRoute, async (context) => {
    const { replayed, ...answer } = await ledger.refund({
      transactionId: context.req.valid("param").id,
      ...context.req.valid("json"),
      actor: ACTOR,
      idempotencyKey: context.req.valid("header")["idempotency-key"],
    });
    if (replayed) context.header("idempotent-replayed", "true");
    return context.json(answer satisfies Omit<RefundResult, "replayed">, 200);
  });
  router.openapi(refundByKeyRoute, async (context) => {
    const { replayed, ...answer } = await ledger.refund({
      ...context.req.valid("param"),
      ...context.req.valid("query"),
      ...context.req.valid("json"),
      actor: ACTOR,
      idempotencyKey: context.req.valid("header")["idempotency-key"],
    });
    if (replayed) context.header("idempotent-replayed", "true");
    return context.json(answer, 200);
  });
  router.openapi(adjustRoute, async (context) => {
    const { description, expiresAt, effectiveAt, ...body } = context.req.valid("json");
    const { replayed, ...answer } = await ledger.adjust({
      ...context.req.valid("param"),
      ...context.req.valid("query"),
      ...body,
      ...timesOf({ expiresAt, effectiveAt }),
      actor: ACTOR,
      reason: description ?? ACTOR,
      idempotencyKey: context.req.valid("header")["idempotency-key"],
    });
    if (replayed) context.header("idempotent-replayed", "true");
    return context.json(answer, 200);
  });
  router.openapi(returnsRoute, async (context) => {
    const { id: paymentId } = context.req.valid("param");
    return context.json(await ledger.settleReturns({ paymentId, ...context.req.valid("json") }), 200);
  });
  return router;
}
