// A cron's tick: runs the schedules that are due, and drains tasks.
import { toRouteHandler } from "tallystick/next";
import { tally } from "../../../../tally.ts";

export const dynamic = "force-dynamic";
export const maxDuration = 60;

export const GET = toRouteHandler(tally, "cron");
export const POST = toRouteHandler(tally, "cron");
