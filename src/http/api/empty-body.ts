// Lets a request without a body be one, whatever content type its client sends along: a body of no bytes is no JSON, and
// is refused as such where nothing says that it may be absent.
import type { MiddlewareHandler } from "hono";

export const emptyBodyIsAbsent: MiddlewareHandler = async ({ req }, next) => {
  if (req.header("content-type") !== undefined && (await req.text()) === "") {
    const headers = new Headers(req.raw.headers);
    headers.delete("content-type");
    req.raw = new Request(req.raw.url, { method: req.raw.method, headers });
  }
  await next();
};
