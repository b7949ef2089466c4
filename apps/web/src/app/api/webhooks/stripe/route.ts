// Stripe's events: verified, stored durably, answered, and processed afterwards.
import { toRouteHandler } from "tallystick/next";
import { tally } from "../../../../tally.ts";

export const dynamic = "force-dynamic";
export const maxDuration = 60;

export const POST = toRouteHandler(tally, "stripeWebhook");
