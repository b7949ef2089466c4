// A provider's API on loopback: answers the objects that flows have left there, as they are in the end.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ProviderApi extends AsyncDisposable {
  readonly origin: string;
  /** What a path answers, its query included. */
  put(path: string, body: unknown): void;
}

/** Serves until it is disposed; a path that was not put is answered 404 with `missing`. */
export async function serveProviderApi(missing: unknown): Promise<ProviderApi> {
  const bodies = new Map<string, string>();
  const server = createServer((request, response) => {
    const body = bodies.get(request.url ?? "");
    response
      .writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" })
      .end(body ?? JSON.stringify(missing));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    put: (path, body) => void bodies.set(path, JSON.stringify(body)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
