// QStash as its documentation tells of it: batches, schedules, deduplication, delays, flow control, signed deliveries with
// retries. The times between retries are shorter; everything is in memory.
import { createHash, createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const qstashKeys = { token: "qstash-token", currentSigningKey: "sig_current", nextSigningKey: "sig_next" };

export interface QstashMessage {
  readonly destination: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Held extends QstashMessage {
  readonly id: string;
  retried: number;
}

/** Deliveries at once, as on the free plan. */
const PARALLELISM = 10;
const BACK_OFF_MS = 100;

export async function startQstash() {
  const calls: { method: string; path: string; body: string }[] = [];
  const schedules = new Map<string, QstashMessage & { cron: string }>();
  const deduplicated = new Map<string, string>();
  const active = new Map<string, number>();
  let waiting: Held[] = [];
  // A delay or a delivery that began before all was lost ends in nothing.
  let generation = 0;
  let target: string | undefined;
  let isAway = false;
  let running = 0;
  let ticking: NodeJS.Timeout | undefined;

  function accept(message: QstashMessage): Record<string, unknown> {
    const { headers } = message;
    const key = headers["upstash-flow-control-key"];
    if (key !== undefined && !/^[\w.-]+$/.test(key)) return { error: `invalid flow control key ${key}` };
    const deduplicationId = headers["upstash-deduplication-id"];
    const known = deduplicationId === undefined ? undefined : deduplicated.get(deduplicationId);
    if (known !== undefined) return { messageId: known, deduplicated: true };
    const id = `msg_${randomUUID()}`;
    if (deduplicationId !== undefined) deduplicated.set(deduplicationId, id);
    hold({ ...message, id, retried: 0 }, Number(/^(\d+)s$/.exec(headers["upstash-delay"] ?? "0s")?.[1]) * 1_000);
    return { messageId: id };
  }

  function hold(message: Held, delayMs: number): void {
    const since = generation;
    setTimeout(() => {
      if (since !== generation) return;
      waiting.push(message);
      deliverWaiting();
    }, delayMs).unref();
  }

  function deliverWaiting(): void {
    for (const message of waiting) {
      const { "upstash-flow-control-key": key = "", "upstash-flow-control-value": value = "" } = message.headers;
      const limit = Number(/parallelism=(\d+)/.exec(value)?.[1] ?? PARALLELISM);
      const count = active.get(key) ?? 0;
      if (isAway || running >= PARALLELISM) return;
      if (count < limit) {
        waiting = waiting.filter((other) => other !== message);
        active.set(key, count + 1);
        running += 1;
        void deliver(message).finally(() => {
          active.set(key, (active.get(key) ?? 1) - 1);
          running -= 1;
          deliverWaiting();
        });
      }
    }
  }

  async function deliver(message: Held): Promise<void> {
    const since = generation;
    const { destination, body, id, retried } = message;
    const signature = signQstash(qstashKeys.currentSigningKey, destination, body);
    const ours = { "upstash-signature": signature, "upstash-message-id": id, "upstash-retried": String(retried) };
    const isTaken = await post(target, { ...ours, "content-type": "application/json" }, body);
    if (isTaken || since !== generation || retried >= Number(message.headers["upstash-retries"] ?? 3)) return;
    hold({ ...message, retried: retried + 1 }, BACK_OFF_MS * 2 ** retried);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const reply = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (url === "/_target") {
      target = method === "PUT" ? body : undefined;
      return reply(200, {});
    }
    calls.push({ method, path: url, body });
    if (request.headers.authorization !== `Bearer ${qstashKeys.token}`) return reply(401, { error: "invalid token" });
    const headers = request.headers as Record<string, string>;
    const [, kind, destination = ""] = /^\/v2\/(\w+)\/?(.*)$/.exec(url) ?? [];
    if (method === "POST" && kind === "batch") return reply(200, (JSON.parse(body) as QstashMessage[]).map(accept));
    if (method === "POST" && kind === "publish") return reply(200, accept({ destination, headers, body }));
    if (method === "GET" && kind === "schedules") return reply(200, [...schedules.values()]);
    if (method === "POST" && kind === "schedules") {
      const scheduleId = headers["upstash-schedule-id"] ?? randomUUID();
      schedules.set(scheduleId, { destination, headers, body, cron: headers["upstash-cron"] ?? "" });
      return reply(200, { scheduleId });
    }
    return reply(404, { error: "not found" });
  }

  const listen = async (port: number) => {
    const server = createServer(answer).listen(port, "127.0.0.1");
    await once(server, "listening");
    return server;
  };
  const tick = async (): Promise<void> => {
    if (!isAway)
      for (const { destination, headers, body } of schedules.values()) accept({ destination, headers, body });
  };
  const lose = async (): Promise<void> => {
    generation += 1;
    waiting = [];
    deduplicated.clear();
  };
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    isAway = true;
    server.closeAllConnections();
    if (server.listening) await once(server.close(), "close");
  };
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    schedules,
    lose,
    stop,
    tick,
    async start() {
      server = await listen(port);
      isAway = false;
      deliverWaiting();
    },
    tickEvery(ms: number) {
      clearInterval(ticking);
      ticking = setInterval(() => void tick(), ms).unref();
    },
    async end() {
      clearInterval(ticking);
      await lose();
      await stop();
    },
  };
}

async function post(url: string | undefined, headers: Record<string, string>, body: string): Promise<boolean> {
  if (url === undefined) return false;
  try {
    const response = await fetch(url, { method: "POST", headers, body });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** The JWT that QStash sends with a delivery. */
export function signQstash(key: string, url: string, body: string): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: "Upstash", sub: url, exp: now + 300, nbf: now, iat: now, jti: `jwt_${randomUUID()}` };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const digest = createHash("sha256").update(body).digest("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ ...claims, body: digest })}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}
