// Mounts one of the library's handlers as a Next.js route; every request also drains what is due, after its answer.
import type { Tallystick } from "tallystick";
import { afterResponse } from "tallystick/next";
import { tally } from "./tally.ts";

type Handler = keyof Tallystick["handlers"];

/** A route that answers with the named handler. */
export function route(name: Handler): (request: Request) => Promise<Response> {
  return async (request) => afterResponse(tally(), await tally().handlers[name](request));
}
