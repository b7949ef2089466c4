// A server that speaks Inngest's protocol to the SDK: the event API, registration, and signed runs of what is registered.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { bearerOf, inngestKeys, signatureOf, type InngestEvent, type RegisteredFunction } from "./inngest-protocol.ts";
import { createRuns } from "./inngest-runs.ts";
import type { DriverService } from "./service.ts";

const MAX_EVENTS = 5_000;
const MAX_BYTES = 3 * 1024 * 1024;

type Answer = readonly [status: number, body: unknown];

export async function startInngest(): Promise<DriverService> {
  const runs = createRuns();
  let target: string | undefined;
  let schedule: NodeJS.Timeout | undefined;
  let server: Server;

  /** Asks the app what it has, as a server that is started with the app's address does. */
  async function sync(): Promise<void> {
    if (target === undefined) return;
    const headers = { "x-inngest-signature": signatureOf("") };
    // An app that is gone has nothing.
    await fetch(target, { method: "PUT", headers }).catch(() => undefined);
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const body = await text(request);
    const { pathname } = new URL(request.url ?? "/", "http://inngest");
    if (pathname === "/_target") {
      target = request.method === "PUT" ? body : undefined;
      await sync();
      return [200, {}];
    }
    if (request.method !== "POST") return [405, { error: "Method not allowed" }];
    if (pathname === "/fn/register") return register(request, body);
    return pathname.startsWith("/e/") ? receive(pathname.slice(3), body) : [404, { error: "Not found" }];
  }

  function register(request: IncomingMessage, body: string): Answer {
    if (request.headers.authorization !== bearerOf(inngestKeys.signingKey))
      return [401, { status: 401, error: "Unauthorized" }];
    const { functions } = JSON.parse(body) as { functions: readonly RegisteredFunction[] };
    runs.register(functions);
    return [200, { status: 200, ok: true, modified: true }];
  }

  function receive(key: string, body: string): Answer {
    const refuse = (status: number, error: string): Answer => [status, { ids: [], status, error }];
    if (key !== inngestKeys.eventKey) return refuse(401, "Event key not found");
    if (body.length > MAX_BYTES) return refuse(413, "Request body too large");
    const events = JSON.parse(body) as readonly InngestEvent[];
    if (events.length > MAX_EVENTS) return refuse(400, "Too many events");
    if (events.some(({ name }) => !name)) return refuse(400, "Event name is empty");
    for (const event of events) runs.trigger(event);
    return [200, { ids: events.map(({ id }) => id), status: 200 }];
  }

  async function listen(port: number): Promise<number> {
    server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
      const [status, body] = await answer(request);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  async function close(): Promise<void> {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  const port = await listen(0);
  return {
    kind: "inngest",
    url: `http://127.0.0.1:${port}`,
    async lose() {
      runs.forget();
      await sync();
    },
    async stop() {
      runs.pause();
      await close();
    },
    async start() {
      await listen(port);
      runs.goOn();
    },
    tick: async () => runs.fire(),
    tickEvery(ms) {
      clearInterval(schedule);
      schedule = setInterval(runs.fire, ms).unref();
    },
    async end() {
      clearInterval(schedule);
      runs.pause();
      await close();
    },
  };
}
