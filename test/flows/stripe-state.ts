// A server that answers of Stripe's API what it was told that Stripe knows, each path by the state that is furthest on.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface StripeState {
  readonly apiBase: string;
  /** From now on the path answers this, unless it was told of a later moment already. */
  know(path: string, moment: number, object: Readonly<Record<string, unknown>>): void;
}

export async function startStripeState(): Promise<StripeState> {
  const known = new Map<string, { moment: number; object: Readonly<Record<string, unknown>> }>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://stripe.test");
    url.searchParams.delete("limit");
    const found = known.get(decodeURIComponent(`${url.pathname}${url.search}`));
    response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
    const missing = { error: { type: "invalid_request_error", code: "resource_missing", message: "No such thing" } };
    response.end(JSON.stringify(found?.object ?? missing));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    apiBase: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    know(path, moment, object) {
      if ((known.get(path)?.moment ?? -1) < moment) known.set(path, { moment, object });
    },
  };
}
