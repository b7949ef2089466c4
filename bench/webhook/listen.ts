// What the servers share: Node's HTTP server, the port told to the parent, the memory when it asks, the end when it is
// gone.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers with `listener`; its failure ends the process, so that no run is measured with errors in it. */
export function listen(listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>): void {
  const server = createServer((request, response) => void listener(request, response));
  server.listen(0, "127.0.0.1", () => {
    process.send?.((server.address() as AddressInfo).port);
  });
  process.on("message", () => process.send?.(process.memoryUsage.rss()));
  process.once("disconnect", () => process.exit());
}
