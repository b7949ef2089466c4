// Where the tasks of an engine run, by kind of driver: its own worker, or a server that the driver's service calls.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Tallystick, Worker } from "../../src/index.ts";
import { answerWorker } from "./cloudflare-host.ts";
import type { DriverKind } from "./drivers.ts";

const withWorkers = new Set<DriverKind>(["inline", "bullmq-redis", "bullmq-postgres", "pg-boss", "pg-boss-notify"]);

/** Begins to run tasks; the worker's stop is that of its process, after which the engine is closed. */
export async function host(kind: DriverKind, serviceUrl: string, tally: Tallystick): Promise<Worker> {
  if (withWorkers.has(kind)) return tally.run();
  return serve(serviceUrl, await handlerOf(kind, tally), async () => tally.close());
}

async function handlerOf(kind: DriverKind, tally: Tallystick): Promise<(request: Request) => Promise<Response>> {
  if (kind === "cloudflare-queues") return async (request) => answerWorker(tally, request);
  if (kind !== "trigger") return tally.handlers.driver;
  const { triggerRuns } = await import("./trigger-worker.ts");
  return triggerRuns(tally);
}

/** Serves what the service calls, and tells the service's stand-in where: `PUT {service}/_target` with the address. */
async function serve(
  serviceUrl: string,
  handler: (request: Request) => Promise<Response>,
  close: () => Promise<void>,
): Promise<Worker> {
  const server = createServer((request, response) => void answer(handler, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await fetch(`${serviceUrl}/_target`, { method: "PUT", body: `http://127.0.0.1:${port}/api/driver` });
  return {
    wake: () => undefined,
    async stop() {
      // Told at once, as a signal would: what ends a moment later must find it stopping.
      const closed = close();
      await fetch(`${serviceUrl}/_target`, { method: "DELETE" }).catch(() => undefined);
      server.close();
      await closed;
      server.closeAllConnections();
    },
  };
}

async function answer(
  handler: (request: Request) => Promise<Response>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const { method = "GET" } = request;
  const body = method === "GET" || chunks.length === 0 ? undefined : Buffer.concat(chunks);
  const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
  const answered = await handler(new Request(url, { method, headers, ...(body !== undefined && { body }) }));
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(Buffer.from(await answered.arrayBuffer()));
}
