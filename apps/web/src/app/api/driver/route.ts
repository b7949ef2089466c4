// Where the driver's service calls, if it calls: Inngest and QStash. The driver verifies who it is.
import { toRouteHandler } from "tallystick/next";
import { tally } from "../../../tally.ts";

export const dynamic = "force-dynamic";
export const maxDuration = 60;

export const GET = toRouteHandler(tally, "driver");
export const POST = toRouteHandler(tally, "driver");
export const PUT = toRouteHandler(tally, "driver");
