// The shapes of what sells: checkouts, the portal, subscriptions.
import { z } from "@hono/zod-openapi";
import { pageOf, text, time } from "./schemas.ts";

const userId = text(255).openapi({ description: "The product's user id, opaque here." });
const url = text(2048).openapi({ description: "An absolute http(s) URL.", example: "https://app.example/thanks" });
const quantity = z.int().min(1).max(100).optional();
const priceId = text(255).openapi({ description: "A price of the catalog.", example: "price_pro_monthly" });
const provider = text(63).optional().openapi({ description: "May be left out where only one is configured." });
const minorUnits = z.int().openapi({ description: "In the currency's minor unit; negative for a credit." });
const nullableTime = time.nullable();

export const userQuery = z.object({ userId: userId.openapi({ param: { name: "userId", in: "query" } }) });
export const outcomeQuery = userQuery.extend({ provider });

export const checkoutBody = z
  .strictObject({
    userId,
    email: text(512).optional(),
    priceId,
    quantity,
    successUrl: url,
    cancelUrl: url,
    allowPromotionCodes: z.boolean().optional(),
    savePaymentMethod: z
      .boolean()
      .optional()
      .openapi({ description: "The card is kept for automatic top-ups; a subscription's always is." }),
    provider,
  })
  .openapi("CheckoutRequest");
export const checkoutAnswer = z
  .object({ checkoutId: z.string(), url: z.string().openapi({ description: "Where the payer is sent." }) })
  .openapi("Checkout");

export const outcomeAnswer = z
  .object({
    checkoutId: z.string(),
    status: z.enum(["open", "processing", "granted", "failed", "expired"]),
    credits: z.int().openapi({ description: "What the payment has given so far." }),
    priceId: z.string().nullable(),
    planId: z.string().nullable(),
  })
  .openapi("CheckoutOutcome");

export const portalBody = z.strictObject({ userId, returnUrl: url, provider }).openapi("PortalRequest");
export const portalAnswer = z.object({ url: z.string() }).openapi("Portal");

export const subscriptionsPage = pageOf(
  z
    .object({
      subscriptionId: z.string(),
      provider: z.string(),
      planId: z.string().nullable(),
      priceId: z.string().nullable(),
      quantity: z.int(),
      status: z.string(),
      ended: z.boolean(),
      currentPeriodStart: nullableTime,
      currentPeriodEnd: nullableTime,
      cancelAtPeriodEnd: z.boolean(),
      endsAt: nullableTime,
      endedAt: nullableTime,
      trialEnd: nullableTime,
      createdAt: time,
    })
    .openapi("Subscription"),
);

export const ownBody = z.strictObject({ userId }).openapi("SubscriptionRequest");
export const cancelBody = z
  .strictObject({ userId, when: z.enum(["period_end", "now"]) })
  .openapi("CancelSubscriptionRequest");
export const previewBody = z.strictObject({ userId, priceId, quantity }).openapi("PreviewChangeRequest");
export const changeBody = z
  .strictObject({
    userId,
    priceId,
    quantity,
    proration: z.enum(["invoice_now", "next_invoice", "none"]).optional(),
  })
  .openapi("ChangeSubscriptionRequest");

const stateFields = {
  subscriptionId: z.string(),
  status: z.string(),
  items: z.array(z.object({ priceId: z.string(), quantity: z.int() })),
  currentPeriodEnd: nullableTime,
  cancelAtPeriodEnd: z.boolean(),
  cancelAt: nullableTime,
};
export const stateAnswer = z.object(stateFields).openapi("SubscriptionState");
export const changeAnswer = z
  .object({
    ...stateFields,
    pending: z
      .object({ expiresAt: nullableTime, payUrl: z.string().nullable() })
      .nullable()
      .openapi({ description: "The change waits for a payment that did not go through; null: it is done." }),
  })
  .openapi("SubscriptionChange");
export const previewAnswer = z
  .object({
    dueNow: minorUnits,
    currency: z.string(),
    lines: z.array(
      z.object({
        description: z.string().nullable(),
        amount: minorUnits,
        quantity: z.int(),
        proration: z.boolean(),
      }),
    ),
  })
  .openapi("ChangePreview");
