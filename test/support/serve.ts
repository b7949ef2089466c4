// The handlers on a real HTTP server of Node, on loopback.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Handler, Handlers } from "../../src/index.ts";

export interface ServedHandlers {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves on a free port. `afterwards` is called when an answer has been sent, as a framework's hook for it would be. */
export async function serveHandlers(
  handlers: Handlers,
  afterwards: () => void = () => undefined,
): Promise<ServedHandlers> {
  const server = createServer((message, outgoing) => {
    const { pathname } = new URL(message.url ?? "/", "http://127.0.0.1");
    void answer(handlerFor(handlers, pathname), message, outgoing).then(afterwards);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers a request of Node's server by a web-standard handler. */
export async function answer(handler: Handler, message: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const response = await handler(await requestOf(message));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}

/** The handler that is mounted on a path. */
export function handlerFor(handlers: Handlers, path: string): Handler {
  const handler = {
    "/api/webhooks/stripe": handlers.stripeWebhook,
    "/api/distribute-credits": handlers.distributeCredits,
    "/api/cron/tick": handlers.cron,
    "/api/health": handlers.health,
  }[path];
  return handler ?? handlers.api;
}

async function requestOf(message: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) headers.set(name, String(value));
  const { method = "GET", url = "/" } = message;
  return new Request(new URL(url, "http://127.0.0.1"), {
    method,
    headers,
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  });
}
