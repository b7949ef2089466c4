// One instance as Vercel runs it: a process of its own that loads built routes of the application when they are first asked
// for, and calls their handlers with a waitUntil. Run from apps/web. It stops itself where a request says that the
// platform freezes it.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { FREEZE_HEADER, type Report } from "./report.ts";

type WaitUntil = (work: Promise<unknown>) => void;
type RouteHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  context: { readonly waitUntil: WaitUntil },
) => Promise<unknown>;

const requireBuilt = createRequire(path.join(process.cwd(), "package.json"));
requireBuilt("next/dist/server/node-environment.js");

const tell = (report: Report): void => void process.send?.(report);
let running = 0;

function began(work: Promise<unknown>): void {
  running += 1;
  const ended = (): void => {
    running -= 1;
    // The platform would freeze it now.
    if (running === 0) tell({ settled: true, rss: process.memoryUsage.rss() });
  };
  work.then(ended, ended);
}

Object.assign(globalThis, { [Symbol.for("@next/request-context")]: { get: () => ({ waitUntil: began }) } });

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const { handler } = requireBuilt(path.resolve(`.next/server/app${pathname}/route.js`)) as { handler: RouteHandler };
  if (request.headers[FREEZE_HEADER] !== undefined) {
    response.once("finish", () => process.kill(process.pid, "SIGSTOP"));
  }
  began(new Promise((resolve) => response.once("close", resolve)));
  began(handler(request, response, { waitUntil: began }));
});
server.listen(0, "127.0.0.1", () => {
  tell({ port: (server.address() as AddressInfo).port });
});
process.once("disconnect", () => process.exit());
