// The bundle of examples/cloudflare in the real Workers runtime, with its queue, its cron and Hyperdrive, on this machine.
import type { Readable } from "node:stream";
import { Miniflare } from "miniflare";
import { bundle } from "../../examples/cloudflare/build.ts";
import { API_KEY, CRON_SECRET, WEBHOOK_SECRET } from "../support/engine.ts";

export const QUEUE = "tallystick-wakes";

export interface Message {
  readonly id: string;
  readonly timestamp: Date;
  readonly body: unknown;
  readonly attempts: number;
}

/** What the runtime was told of a batch. */
export interface BatchResult {
  readonly outcome: string;
  readonly explicitAcks: readonly string[];
  readonly retryMessages: readonly { readonly msgId: string }[];
}

export interface RunningWorker {
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** As its cron trigger does. */
  scheduled(): Promise<string>;
  /** Hands a batch to the consumer past the broker. */
  queue(messages: readonly Message[]): Promise<BatchResult>;
  /** Sends a wake to the queue. */
  send(body: unknown): Promise<void>;
  /** What the Worker has written to its console. */
  readonly output: () => string;
  close(): Promise<void>;
}

interface Entrypoint {
  scheduled(options: { cron: string }): Promise<{ outcome: string }>;
  queue(name: string, messages: readonly Message[]): Promise<BatchResult>;
}

export async function startWorker(databaseUrl: string): Promise<RunningWorker> {
  const { modules } = await bundle();
  const files = [...modules].toSorted(([a], [b]) => Number(b === "worker.js") - Number(a === "worker.js"));
  let written = "";
  const worker = new Miniflare({
    modules: files.map(([path, contents]) => ({ type: "ESModule" as const, path, contents })),
    compatibilityDate: "2026-07-01",
    compatibilityFlags: ["nodejs_compat"],
    bindings: { STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET, CRON_SECRET, API_KEY },
    hyperdrives: { HYPERDRIVE: databaseUrl },
    queueProducers: { WAKES: QUEUE },
    queueConsumers: { [QUEUE]: { maxBatchSize: 100, maxBatchTimeout: 1, maxRetries: 10 } },
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      for (const stream of [stdout, stderr]) stream.on("data", (chunk: Buffer) => (written += String(chunk)));
    },
  });
  const url = await worker.ready;
  const entry = async (): Promise<Entrypoint> => (await worker.getWorker()) as unknown as Entrypoint;
  return {
    fetch: async (path, init) => fetch(new URL(path, url), init),
    scheduled: async () => (await (await entry()).scheduled({ cron: "* * * * *" })).outcome,
    queue: async (messages) => (await entry()).queue(QUEUE, messages),
    async send(body) {
      await (await worker.getQueueProducer("WAKES")).send(body);
    },
    output: () => written,
    close: async () => worker.dispose(),
  };
}
