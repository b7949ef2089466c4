// Health: 200 once the migrated database answers.
import { toRouteHandler } from "tallystick/next";
import { tally } from "../../../tally.ts";

export const dynamic = "force-dynamic";

export const GET = toRouteHandler(tally, "health");
