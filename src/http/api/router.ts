// A router whose input errors are thrown in the API's own shape.
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { TallystickError } from "../../kernel/errors.ts";

export function createRouter(): OpenAPIHono {
  return new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw new TallystickError("invalid_request", z.prettifyError(result.error));
    },
  });
}
