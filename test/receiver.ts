// A real HTTP server on loopback that records what it receives and answers as told.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** `hang` never answers, `hang after headers` stops in the middle of the body, `reset` closes the connection. */
export type Reply =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: string }
  | "hang"
  | "hang after headers"
  | "reset";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

export interface Receiver extends AsyncDisposable {
  readonly origin: string;
  readonly received: readonly Received[];
  /** Resolves when the next request has arrived. */
  nextRequest(): Promise<Received>;
}

/** Starts a receiver on a free port; `await using` stops it. */
export async function startReceiver(reply: Reply): Promise<Receiver> {
  const received: Received[] = [];
  const waiting: ((request: Received) => void)[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const { method = "", url: path = "", headers } = request;
    const entry = { method, path, headers, body: Buffer.concat(chunks).toString() };
    received.push(entry);
    waiting.splice(0).forEach((resolve) => resolve(entry));
    if (reply === "reset") {
      request.socket.destroy();
    } else if (reply === "hang after headers") {
      response.writeHead(200).write("{");
    } else if (reply !== "hang") {
      response.writeHead(reply.status ?? 200, reply.headers).end(reply.body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
