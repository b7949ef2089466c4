// Selling: checkouts and what became of them, the provider's portal, subscriptions ended and changed.
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { Engine } from "../../engine.ts";
import type { SubscriptionState } from "../../payment/provider-state.ts";
import * as schemas from "./billing-schemas.ts";
import { errors, jsonBody, jsonContent } from "./describe.ts";
import { createRouter } from "./router.ts";
import { idempotencyHeader, idParam } from "./schemas.ts";

const checkoutRoute = createRoute({
  method: "post",
  path: "/billing/checkout",
  summary: "Opens a page of the provider where one price of the catalog is paid.",
  request: { headers: idempotencyHeader, body: jsonBody(schemas.checkoutBody) },
  responses: { 200: jsonContent(schemas.checkoutAnswer, "Opened"), ...errors(404, 409, 413, 422) },
});

const outcomeRoute = createRoute({
  method: "get",
  path: "/billing/checkouts/{id}",
  summary: "What became of a user's checkout, by the ledger.",
  request: { params: idParam, query: schemas.outcomeQuery },
  responses: { 200: jsonContent(schemas.outcomeAnswer, "The outcome"), ...errors(404, 422) },
});

const portalRoute = createRoute({
  method: "post",
  path: "/billing/portal",
  summary: "Opens the provider's page where a customer sees to payments.",
  request: { body: jsonBody(schemas.portalBody) },
  responses: { 200: jsonContent(schemas.portalAnswer, "Opened"), ...errors(404, 413, 422) },
});

const subscriptionsRoute = createRoute({
  method: "get",
  path: "/billing/subscriptions",
  summary: "A user's subscriptions as they were last told, those that live first, all on one page.",
  request: { query: schemas.userQuery },
  responses: { 200: jsonContent(schemas.subscriptionsPage, "The subscriptions"), ...errors() },
});

const cancelRoute = createRoute({
  method: "post",
  path: "/billing/subscriptions/{id}/cancel",
  summary: "Ends a subscription with its period, or now.",
  request: { params: idParam, body: jsonBody(schemas.cancelBody) },
  responses: { 200: jsonContent(schemas.stateAnswer, "Its state at the provider"), ...errors(404, 413, 422) },
});

const resumeRoute = createRoute({
  method: "post",
  path: "/billing/subscriptions/{id}/resume",
  summary: "Takes back a cancellation that is still to come. Repeatable.",
  request: { params: idParam, body: jsonBody(schemas.ownBody) },
  responses: { 200: jsonContent(schemas.stateAnswer, "Its state at the provider"), ...errors(404, 413, 422) },
});

const previewRoute = createRoute({
  method: "post",
  path: "/billing/subscriptions/{id}/preview",
  summary: "What a change would cost when it is invoiced now. Changes nothing.",
  request: { params: idParam, body: jsonBody(schemas.previewBody) },
  responses: { 200: jsonContent(schemas.previewAnswer, "The preview"), ...errors(404, 413, 422) },
});

const changeRoute = createRoute({
  method: "post",
  path: "/billing/subscriptions/{id}/change",
  summary: "Gives a subscription another price or quantity.",
  request: { params: idParam, body: jsonBody(schemas.changeBody) },
  responses: { 200: jsonContent(schemas.changeAnswer, "Its state at the provider"), ...errors(404, 413, 422) },
});

export function billingRoutes({ billing }: Pick<Engine, "billing">): OpenAPIHono {
  const router = createRouter();
  router.openapi(checkoutRoute, async (context) => {
    const idempotencyKey = context.req.valid("header")["idempotency-key"];
    return context.json(await billing.checkout({ ...context.req.valid("json"), idempotencyKey }), 200);
  });
  router.openapi(outcomeRoute, async (context) => {
    const checkoutId = context.req.valid("param").id;
    return context.json(await billing.checkoutOutcome({ checkoutId, ...context.req.valid("query") }), 200);
  });
  router.openapi(portalRoute, async (context) => context.json(await billing.portal(context.req.valid("json")), 200));
  router.openapi(subscriptionsRoute, async (context) => {
    const subscriptions = await billing.subscriptions(context.req.valid("query").userId);
    const items = subscriptions.map((subscription) => ({
      ...subscription,
      currentPeriodStart: text(subscription.currentPeriodStart),
      currentPeriodEnd: text(subscription.currentPeriodEnd),
      endsAt: text(subscription.endsAt),
      endedAt: text(subscription.endedAt),
      trialEnd: text(subscription.trialEnd),
      createdAt: subscription.createdAt.toISOString(),
    }));
    return context.json({ items, nextCursor: null }, 200);
  });
  router.openapi(cancelRoute, async (context) => {
    const subscriptionId = context.req.valid("param").id;
    return context.json(stateJson(await billing.cancel({ subscriptionId, ...context.req.valid("json") })), 200);
  });
  router.openapi(resumeRoute, async (context) => {
    const subscriptionId = context.req.valid("param").id;
    return context.json(stateJson(await billing.resume({ subscriptionId, ...context.req.valid("json") })), 200);
  });
  router.openapi(previewRoute, async (context) => {
    const subscriptionId = context.req.valid("param").id;
    const { lines, ...due } = await billing.previewChange({ subscriptionId, ...context.req.valid("json") });
    return context.json({ ...due, lines: [...lines] }, 200);
  });
  router.openapi(changeRoute, async (context) => {
    const subscriptionId = context.req.valid("param").id;
    const { subscription, pending } = await billing.change({ subscriptionId, ...context.req.valid("json") });
    const waits = pending && { ...pending, expiresAt: text(pending.expiresAt) };
    return context.json({ ...stateJson(subscription), pending: waits }, 200);
  });
  return router;
}

function stateJson(state: SubscriptionState) {
  const { subscriptionId, status, items, cancelAtPeriodEnd } = state;
  return {
    subscriptionId,
    status,
    items: items.map(({ priceId, quantity }) => ({ priceId, quantity })),
    currentPeriodEnd: text(state.currentPeriodEnd),
    cancelAtPeriodEnd,
    cancelAt: text(state.cancelAt),
  };
}

function text(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
