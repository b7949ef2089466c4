// What goes to Inngest's event API: one event for each wake.
import { randomUUID } from "node:crypto";
import type { Wake } from "../tasks/wake.ts";

export const DUE_EVENT = "tallystick/task.due";

/** Below Inngest's 5,000 events for a request, and the 256 KiB that its free plan takes for an event. */
const MAX_EVENTS = 500;
const MAX_BYTES = 256_000;
/** Inngest's free plan delays no further. A wake that comes early does no harm, and the tick runs what it was for. */
const MAX_DELAY_MS = 7 * 86_400_000;

export interface DueEvent {
  /** Of this wake, not of its task: see {@link dueEvent}. */
  readonly id: string;
  readonly name: typeof DUE_EVENT;
  readonly data: {
    readonly taskId: string;
    readonly lane: string | null;
    /** Runs with one key are answered one at a time. */
    readonly key: string;
  };
  /** When it is due, in milliseconds since 1970. */
  readonly ts: number;
}

// Inngest takes no second event with an id for 24 hours. An id of the wake lets it drop what the SDK sends again after an
// answer that got lost; the bare task id would make it drop the wake of the task's retry as well.
function dueEvent({ taskId, lane, delayMs }: Wake, nowMs: number): DueEvent {
  const key = lane === null ? `task:${taskId}` : `lane:${lane}`;
  const ts = nowMs + Math.min(Math.ceil(delayMs), MAX_DELAY_MS);
  return { id: `${taskId}-${randomUUID()}`, name: DUE_EVENT, data: { taskId, lane, key }, ts };
}

/** The events of these wakes, in as many requests as Inngest's limits ask for. */
export function dueEvents(wakes: readonly Wake[], nowMs = Date.now()): DueEvent[][] {
  const batches: DueEvent[][] = [];
  let sizeBytes = 0;
  for (const wake of wakes) {
    const event = dueEvent(wake, nowMs);
    const eventBytes = Buffer.byteLength(JSON.stringify(event)) + 1;
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === MAX_EVENTS || sizeBytes + eventBytes > MAX_BYTES) {
      batches.push([event]);
      sizeBytes = eventBytes;
    } else {
      batch.push(event);
      sizeBytes += eventBytes;
    }
  }
  return batches;
}
