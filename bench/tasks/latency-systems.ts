// The systems whose latency is measured, as the process that enqueues opens them, and the worker's.
import { openBullmq } from "./bullmq.ts";
import { openGraphileWorker } from "./graphile-worker.ts";
import { openPgBoss } from "./pg-boss.ts";
import { openTallystick } from "./tallystick.ts";
import type { Hooks, Places, TaskSystem } from "./system.ts";

export interface LatencySystem {
  readonly place: "inline" | "worker";
  open(places: Places, hooks: Hooks): Promise<TaskSystem>;
}

export const latencySystems = {
  "tallystick inline: wake() in the same process": {
    place: "inline",
    open: async (places, hooks) => openTallystick(places, hooks, { worker: "drain", wakes: true }),
  },
  "tallystick, BullMQ as driver": {
    place: "worker",
    open: async (places, hooks) => openTallystick(places, hooks, { worker: "run", wakes: true, driver: "bullmq" }),
  },
  "tallystick run() without a wake: polls every second": {
    place: "worker",
    open: async (places, hooks) => openTallystick(places, hooks, { worker: "run", wakes: false }),
  },
  BullMQ: { place: "worker", open: openBullmq },
  "pg-boss, LISTEN/NOTIFY": {
    place: "worker",
    open: async (places, hooks) => openPgBoss(places, hooks, { notify: true }),
  },
  "pg-boss: polls every two seconds": { place: "worker", open: async (places, hooks) => openPgBoss(places, hooks) },
  "graphile-worker, LISTEN/NOTIFY": { place: "worker", open: openGraphileWorker },
} as const satisfies Record<string, LatencySystem>;

export type LatencyName = keyof typeof latencySystems;
