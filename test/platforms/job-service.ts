// The service that the example's tasks ask: counts what it is asked, and answers when the test lets it.
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Asked {
  readonly name: string;
  readonly dueAt?: string;
  readonly prompt?: string;
}

export interface JobService {
  readonly url: string;
  readonly asked: Asked[];
  /** Answers the requests that wait, and every later one at once. */
  release(): void;
}

export async function startJobService({ isHeld }: { readonly isHeld: boolean }): Promise<JobService> {
  const asked: Asked[] = [];
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  if (!isHeld) release();
  const server = createServer(async (request, response) => {
    asked.push(JSON.parse(await bodyOf(request)) as Asked);
    await released;
    response.end("made");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked, release };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
