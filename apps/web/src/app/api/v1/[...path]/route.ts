// The REST API and its OpenAPI document: one route, all verbs.
import { toRouteHandler } from "tallystick/next";
import { tally } from "../../../../tally.ts";

export const dynamic = "force-dynamic";
export const maxDuration = 60;

const api = toRouteHandler(tally, "api");
export { api as DELETE, api as GET, api as HEAD, api as OPTIONS, api as PATCH, api as POST, api as PUT };
