// A stand-in of Trigger.dev: its HTTP API as the SDK speaks it, with Bearer keys and the two phases of a batch.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { TRIGGER_KEY } from "./drivers.ts";
import { holdRuns, type Declared, type RunOptions } from "./trigger-runs.ts";

export interface TriggerRequest {
  readonly path: string;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

interface Item {
  readonly index: number;
  readonly task: string;
  readonly payload: string;
  readonly options: RunOptions;
}

const MAX_BATCH = 1_000;
const TICK_TASK = "tallystick-tick";
const found = (body: unknown): Answer => ({ status: 200, body });
const refused = (status: number, error: string): Answer => ({ status, body: { error } });

export async function startTrigger() {
  const runs = holdRuns();
  const requests: TriggerRequest[] = [];
  let batches = new Map<string, { readonly runCount: number; readonly items: Map<number, Item> }>();
  /** Called before each request of the API; what it answers is answered in the API's place. */
  let intercept: (request: TriggerRequest) => Answer | undefined = () => undefined;

  function createBatch(runCount: number): Answer {
    if (!(runCount > 0 && runCount <= MAX_BATCH)) return refused(400, `A batch has 1 to ${MAX_BATCH} items.`);
    const id = `batch_${randomUUID()}`;
    batches.set(id, { runCount, items: new Map() });
    return { status: 202, body: { id, runCount, isCached: false } };
  }

  // Items that come again with a resend of the stream are told by their index. A batch that is complete is sealed and run.
  function addItems(id: string, lines: string): Answer {
    const batch = batches.get(id);
    if (batch === undefined) return refused(404, "No such batch.");
    const before = batch.items.size;
    const items = lines.split("\n").filter((line) => line !== "");
    for (const item of items.map((line) => JSON.parse(line) as Item)) batch.items.set(item.index, item);
    const itemsAccepted = batch.items.size - before;
    const isSealed = batch.items.size === batch.runCount;
    if (isSealed && before < batch.runCount) for (const item of batch.items.values()) addRun(item);
    return found({ id, itemsAccepted, itemsDeduplicated: items.length - itemsAccepted, sealed: isSealed });
  }

  // Payloads are strings: JSON, or JSON that keeps types beside its `json`.
  function addRun({ task, payload, options }: Omit<Item, "index">): { id: string } {
    const given: unknown = JSON.parse(payload);
    const isTyped = options.payloadType === "application/super+json";
    return runs.add(task, isTyped ? (given as { json: unknown }).json : given, options);
  }

  function callApi({ path, body }: TriggerRequest): Answer {
    const [, batch] = /^\/api\/v3\/batches\/([^/]+)\/items$/.exec(path) ?? [];
    const [, task] = /^\/api\/v1\/tasks\/([^/]+)\/trigger$/.exec(path) ?? [];
    if (path === "/api/v3/batches") return createBatch((JSON.parse(body) as { runCount: number }).runCount);
    if (batch !== undefined) return addItems(batch, body);
    if (task !== undefined) return found(addRun({ ...(JSON.parse(body) as Item), task }));
    if (path.startsWith("/api/v1/queues")) {
      return found({ data: [], pagination: { currentPage: 1, totalPages: 1, count: 0 } });
    }
    return refused(404, "No such path.");
  }

  async function setTarget(method: string | undefined, address: string): Promise<Answer> {
    if (method === "DELETE") runs.undeploy();
    else runs.deploy(address, (await (await fetch(address)).json()) as Declared[]);
    return { status: 204 };
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = { path: request.url ?? "/", body: Buffer.concat(chunks).toString() };
    if (asked.path === "/_target") return setTarget(request.method, asked.body);
    if (request.headers.authorization !== `Bearer ${TRIGGER_KEY}`) return refused(401, "Invalid or Missing API key");
    requests.push(asked);
    return intercept(asked) ?? callApi(asked);
  }

  let server: Server | undefined;
  let port = 0;
  async function start(): Promise<void> {
    server = createServer(async (request, response) => {
      const { status, body } = await answer(request);
      response.writeHead(status, { "content-type": "application/json", "x-trigger-jwt-claims": "{}" });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
    runs.setUp(true);
  }
  async function stop(): Promise<void> {
    runs.setUp(false);
    server?.close();
    server?.closeAllConnections();
    server = undefined;
  }

  let schedule: NodeJS.Timeout | undefined;
  const fire = () => runs.add(TICK_TASK, { timestamp: new Date() }, {});
  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    start,
    stop,
    intercept: (next: typeof intercept) => void (intercept = next),
    // The schedule stays: it belongs to the deployment.
    async lose() {
      runs.lose();
      batches = new Map();
    },
    tick: async () => void fire(),
    tickEvery(ms: number) {
      clearInterval(schedule);
      schedule = setInterval(() => runs.hasWorker() && fire(), ms);
    },
    async end() {
      clearInterval(schedule);
      await stop();
    },
  };
}
