// What every route's description repeats: JSON bodies, and the error answers.
import type { z } from "@hono/zod-openapi";
import { errorSchema } from "./schemas.ts";

type JsonContent<Schema extends z.ZodType> = {
  description: string;
  content: { "application/json": { schema: Schema } };
};

export function jsonContent<Schema extends z.ZodType>(schema: Schema, description: string): JsonContent<Schema> {
  return { description, content: { "application/json": { schema } } };
}

export function jsonBody<Schema extends z.ZodType>(
  schema: Schema,
): { required: true; content: { "application/json": { schema: Schema } } } {
  return { required: true, content: { "application/json": { schema } } };
}

/** A body that may be left out, where every field may be. Goes with the middleware `emptyBodyIsAbsent`. */
export function optionalJsonBody<Schema extends z.ZodType>(
  schema: Schema,
): { required: false; content: { "application/json": { schema: Schema } } } {
  return { required: false, content: { "application/json": { schema } } };
}

const descriptions = {
  400: "invalid_request: the input is not valid; nothing was changed.",
  401: "unauthorized: the API key is missing or wrong.",
  402: "insufficient_credits: nothing was spent.",
  404: "not_found",
  409: "idempotency_conflict: the key was used with other parameters.",
  413: "payload_too_large",
  422: "The change does not fit the present state.",
  503: "The database did not answer or a row was locked too long; nothing was changed, try again.",
} as const;

export type ErrorStatus = keyof typeof descriptions;

/** Error answers are thrown, not returned; they stand in the document only. */
export function errors(...statuses: ErrorStatus[]): Record<string, JsonContent<typeof errorSchema>> {
  return Object.fromEntries(
    [400 as const, 401 as const, ...statuses, 503 as const].map((status) => [
      status,
      jsonContent(errorSchema, descriptions[status]),
    ]),
  );
}
