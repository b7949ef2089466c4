// The API going wrong on demand: it does not answer, or answers 500 or 429, before the effect or after it. Kept in
// memory: a restarted sandbox behaves.
import type { MiddlewareHandler } from "hono";

export interface ApiFault {
  readonly kind: "timeout" | "500" | "429";
  /** The part of requests that it meets, from 0 to 1. */
  readonly rate: number;
  /** How many requests it meets before it is over; null: it stays. */
  readonly times: number | null;
  /** Only paths that begin with this, such as /v1/subscriptions. */
  readonly path: string | null;
  /** The effect happens, and only the answer is lost. */
  readonly after: boolean;
  /** How long a request that times out is held, in milliseconds. */
  readonly hold_ms: number;
}

export interface ApiFaults {
  set(faults: readonly ApiFault[]): void;
  list(): readonly ApiFault[];
  /** The fault that meets this request, counted; null: none does. */
  meet(path: string): ApiFault | null;
}

export function createApiFaults(random: () => number): ApiFaults {
  let faults: ApiFault[] = [];
  return {
    set(given) {
      faults = [...given];
    },
    list: () => faults,
    meet(path) {
      const index = faults.findIndex((fault) => path.startsWith(fault.path ?? "/v1/") && random() < fault.rate);
      const fault = faults[index];
      if (fault === undefined) return null;
      const left = fault.times === null ? null : fault.times - 1;
      if (left === 0) faults.splice(index, 1);
      else faults[index] = { ...fault, times: left };
      return fault;
    },
  };
}

const answers = {
  "500": { status: 500, error: { type: "api_error", message: "The sandbox was told to fail." } },
  "429": {
    status: 429,
    error: { type: "invalid_request_error", code: "rate_limit", message: "The sandbox was told to refuse." },
  },
} as const;

export function misbehave(faults: ApiFaults): MiddlewareHandler {
  return async (context, next) => {
    const fault = faults.meet(context.req.path);
    if (fault === null) return next();
    if (fault.after) await next();
    if (fault.kind === "timeout") {
      await new Promise((resolve) => {
        // It keeps no process alive that is to end.
        setTimeout(resolve, fault.hold_ms).unref();
      });
      // The server drops the connection.
      throw new DOMException("The sandbox was told not to answer.", "AbortError");
    }
    const { status, error } = answers[fault.kind];
    context.res = context.json({ error }, status);
    return undefined;
  };
}
