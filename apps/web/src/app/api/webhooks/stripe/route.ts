// Stripe's events: verified, stored durably, answered, and processed afterwards.
import { route } from "../../../../route.ts";

export const dynamic = "force-dynamic";

export const POST = route("stripeWebhook");
