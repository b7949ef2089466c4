// The parts of the benchmark, each printed when it is done.
import { randomBytes } from "node:crypto";
import type { Measured } from "../measure.ts";
import { query } from "../database.ts";
import { measureBacklog, type BacklogContender, type BacklogResult } from "./backlog.ts";
import { openBullmq } from "./bullmq.ts";
import { measureClaims, type ClaimResult } from "./claims.ts";
import { measureMany, measureSingle } from "./enqueue.ts";
import { openGraphileWorker } from "./graphile-worker.ts";
import { measureLatency, type LatencyResult } from "./latency.ts";
import type { Options } from "./options.ts";
import { openPgBoss } from "./pg-boss.ts";
import { createProduct, type Places, type TaskSystem } from "./system.ts";
import { openTallystick } from "./tallystick.ts";

export type PartResult =
  | { readonly kind: "rates"; readonly title: string; readonly rows: readonly (Measured | BacklogResult)[] }
  | { readonly kind: "latency"; readonly title: string; readonly rows: readonly LatencyResult[] }
  | { readonly kind: "claims"; readonly title: string; readonly result: ClaimResult };

const enqueued = 300;
const enqueuedAtOnce = 1000;
const samples = 200;
const gapMs = 25;
const finished = 1_000_000;
const waiting = 50_000;

const drain: BacklogContender = {
  name: "tallystick, drain()",
  open: async (places, hooks) => openTallystick(places, hooks, { worker: "drain", wakes: false }),
};
const resident: BacklogContender = {
  name: "tallystick, run()",
  open: async (places, hooks) => openTallystick(places, hooks, { worker: "run", wakes: false }),
};
const others: readonly BacklogContender[] = [
  { name: "pg-boss", open: async (places, hooks) => openPgBoss(places, hooks) },
  { name: "graphile-worker", open: openGraphileWorker },
  { name: "BullMQ on Redis", open: openBullmq },
];

export async function measureParts(
  places: Places,
  { rounds, tasks, only }: Omit<Options, "json">,
  show: (result: PartResult) => void,
): Promise<readonly PartResult[]> {
  const results: PartResult[] = [];
  const add = (result: PartResult): void => {
    results.push(result);
    show(result);
  };
  if (only.includes("enqueue") || only.includes("backlog")) await createProduct(places.databaseUrl);
  if (only.includes("enqueue")) {
    await withSystems(places, async (systems) => {
      const single = await measureSingle(systems, { rounds, tasks: enqueued });
      add({ kind: "rates", title: "enqueue, one after the other", rows: single });
      const many = await measureMany(systems, { rounds, tasks: 3 * enqueuedAtOnce, size: enqueuedAtOnce });
      add({ kind: "rates", title: `enqueue, ${enqueuedAtOnce} in a transaction or a call`, rows: many });
    });
  }
  if (only.includes("backlog")) {
    const few = Math.ceil(tasks / 4);
    const single = await measureBacklog([drain, ...others], places, { rounds, tasks: few, mode: "single" });
    add({ kind: "rates", title: `a backlog of ${few}, one at a time`, rows: single });
    const batches = await measureBacklog([drain, resident, ...others], places, { rounds, tasks, mode: "batches" });
    add({ kind: "rates", title: `a backlog of ${tasks}, in batches`, rows: batches });
  }
  if (only.includes("latency")) {
    const rows = await withDatabases(places, async (placesOf) => measureLatency({ samples, gapMs, placesOf }));
    add({ kind: "latency", title: `from the enqueue to the handler's begin, ${samples} single tasks each`, rows });
  }
  if (only.includes("claims")) {
    const title = `claims with ${finished} finished tasks and ${waiting} that wait`;
    add({ kind: "claims", title, result: await measureClaims(places.databaseUrl, finished, waiting) });
  }
  return results;
}

async function withSystems(
  places: Places,
  work: (systems: ReadonlyMap<string, TaskSystem>) => Promise<void>,
): Promise<void> {
  const hooks = { begun: () => undefined, ended: () => undefined };
  const systems = new Map<string, TaskSystem>();
  try {
    systems.set("tallystick", await drain.open(places, hooks));
    for (const { name, open } of others) systems.set(name, await open(places, hooks));
    await work(systems);
    for (const system of systems.values()) await system.clear();
  } finally {
    for (const system of systems.values()) await system.close();
  }
}

/** A database of its own for each system, dropped when `work` has ended. */
async function withDatabases<T>(
  { databaseUrl, redisUrl }: Places,
  work: (placesOf: () => Promise<Places>) => Promise<T>,
): Promise<T> {
  const names: string[] = [];
  try {
    return await work(async () => {
      const name = `bench_${randomBytes(4).toString("hex")}`;
      await query(databaseUrl, `create database ${name}`);
      names.push(name);
      const url = new URL(databaseUrl);
      url.pathname = `/${name}`;
      await createProduct(url.href);
      return { databaseUrl: url.href, redisUrl };
    });
  } finally {
    for (const name of names) await query(databaseUrl, `drop database ${name} with (force)`);
  }
}
