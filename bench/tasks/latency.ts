// From the enqueue to the handler's begin, of single tasks on systems that wait: one sample of each in turn, at a low rate.
// Each worker is a process of its own, but for the inline one, which is the caller's.
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../measure.ts";
import { latencySystems, type LatencyName } from "./latency-systems.ts";
import type { Places, TaskSystem } from "./system.ts";

export interface LatencyResult {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Waiting {
  readonly name: LatencyName;
  readonly system: TaskSystem;
  readonly begun: Map<number, bigint>;
  close(): Promise<void>;
}

export interface LatencyInput {
  readonly samples: number;
  /** Between two samples, of whichever system. */
  readonly gapMs: number;
  /** A database for each: what waits in one must not be another's work. */
  readonly placesOf: (name: LatencyName) => Promise<Places>;
}

export async function measureLatency({ samples, gapMs, placesOf }: LatencyInput): Promise<readonly LatencyResult[]> {
  const waiting: Waiting[] = [];
  try {
    for (const name of Object.keys(latencySystems) as LatencyName[])
      waiting.push(await begin(name, await placesOf(name)));
    const sent = new Map(waiting.map(({ name }) => [name, new Map<number, bigint>()]));
    // The first samples open connections and are not counted.
    const warmUp = 5;
    for (let sample = -warmUp; sample < samples; sample += 1) {
      const enqueues: Promise<void>[] = [];
      for (const { name, system } of waiting) {
        sent.get(name)?.set(sample, process.hrtime.bigint());
        enqueues.push(system.enqueue({ account: sample + warmUp, sample }));
        // Not in step with what polls.
        await sleep(gapMs * (0.5 + Math.random()));
      }
      await Promise.all(enqueues);
    }
    return await Promise.all(
      waiting.map(async ({ name, begun }) => {
        const from = sent.get(name) ?? new Map<number, bigint>();
        await allBegan(name, begun, from.size);
        const times = [...from]
          .filter(([sample]) => sample >= 0)
          .map(([sample, at]) => Number((begun.get(sample) ?? at) - at) / 1e6);
        const sorted = Float64Array.from(times).toSorted();
        return { name, p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
      }),
    );
  } finally {
    for (const each of waiting) await each.close();
  }
}

async function begin(name: LatencyName, places: Places): Promise<Waiting> {
  const begun = new Map<number, bigint>();
  const note = (sample: number, at: bigint): void => void begun.set(sample, at);
  const { place, open } = latencySystems[name];
  const system = await open(places, {
    begun: ({ sample = 0 }) => note(sample, process.hrtime.bigint()),
    ended: () => undefined,
  });
  if (place === "inline") return { name, system, begun, close: async () => system.close() };
  const child = fork(path.join(import.meta.dirname, "latency-worker.ts"), [name, places.databaseUrl, places.redisUrl]);
  const exited = once(child, "exit");
  await Promise.race([
    once(child, "message"),
    exited.then(([code]) => {
      throw new Error(`the worker of ${name} ended with ${code}`);
    }),
  ]);
  child.on("message", ({ sample, at }: { sample: number; at: string }) => note(sample, BigInt(at)));
  return {
    name,
    system,
    begun,
    async close() {
      if (child.connected) child.disconnect();
      await exited;
      await system.close();
    },
  };
}

async function allBegan(name: string, begun: ReadonlyMap<number, bigint>, expected: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (begun.size < expected) {
    if (performance.now() > deadline) throw new Error(`${name} began ${begun.size} of ${expected} tasks`);
    await sleep(50);
  }
}
