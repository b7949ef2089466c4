// enqueue: task rows in the caller's transaction.
import type { Queryable } from "../db/database.ts";
import { traceparent } from "../kernel/telemetry.ts";
import type { TaskPayload } from "./task.ts";

export interface EnqueueInput {
  readonly name: string;
  readonly payload?: TaskPayload;
  /** Tasks of one lane run one at a time. */
  readonly lane?: string;
  /** The same key is enqueued once, for ever. */
  readonly dedupeKey?: string;
  /** Not before this moment. */
  readonly runAt?: Date;
  readonly maxAttempts: number;
}

/** Writes a task; it exists if and only if the caller's transaction commits. */
export async function enqueueTask(tx: Queryable, input: EnqueueInput): Promise<{ taskId: number; created: boolean }> {
  const [row] = await tx.query<{ task_id: number; created: boolean }>(
    "select task_id, created from tallystick.enqueue_task($1, $2, $3, $4, $5, $6, $7)",
    [
      input.name,
      JSON.stringify(input.payload ?? {}),
      input.maxAttempts,
      input.lane ?? null,
      input.dedupeKey ?? null,
      input.runAt ?? null,
      traceparent(),
    ],
  );
  return { taskId: row?.task_id ?? 0, created: row?.created ?? false };
}

/** Writes tasks in one statement, each as `enqueueTask` would; answers in their order. */
export async function enqueueTasks(
  tx: Queryable,
  inputs: readonly EnqueueInput[],
): Promise<{ taskId: number; created: boolean }[]> {
  if (inputs.length === 0) return [];
  const tasks = inputs.map(({ name, payload = {}, maxAttempts, lane, dedupeKey, runAt }) => ({
    name,
    payload,
    max_attempts: maxAttempts,
    lane,
    dedupe_key: dedupeKey,
    run_at: runAt,
  }));
  const rows = await tx.query<{ task_id: number; created: boolean }>(
    "select task_id, created from tallystick.enqueue_many($1, $2)",
    [JSON.stringify(tasks), traceparent()],
  );
  return rows.map(({ task_id: taskId, created }) => ({ taskId, created }));
}
