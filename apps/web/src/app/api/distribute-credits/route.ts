// The daily cron: expires credits and distributes those of enrolled plans.
import { toRouteHandler } from "tallystick/next";
import { tally } from "../../../tally.ts";

export const dynamic = "force-dynamic";
export const maxDuration = 60;

export const GET = toRouteHandler(tally, "distributeCredits");
export const POST = toRouteHandler(tally, "distributeCredits");
