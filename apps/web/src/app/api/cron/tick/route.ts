// A cron's tick: runs the schedules that are due, and drains tasks.
import { toRouteHandler } from "tallystick/next";
import { tally } from "../../../../tally.ts";

export const dynamic = "force-dynamic";
// What Vercel allows on every plan; CRON_BUDGET_SECONDS ends the work before.
export const maxDuration = 300;

export const GET = toRouteHandler(tally, "cron");
export const POST = toRouteHandler(tally, "cron");
