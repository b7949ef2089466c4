// What both servers share: Node's HTTP server, the port told to the parent, the end when the parent is gone.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export function listen(listener: RequestListener): void {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1", () => {
    process.send?.((server.address() as AddressInfo).port);
  });
  process.once("disconnect", () => process.exit());
}
