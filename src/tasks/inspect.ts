// Looking at tasks, and the two things a person does to them: replay and cancel.
import type { Database, Queryable } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import { IS_WAITING } from "./health.ts";
import type { TaskPayload, TaskStatus } from "./task.ts";

export interface TaskAttempt {
  readonly attempt: number;
  readonly outcome: string;
  readonly error: string | null;
  readonly worker: string | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

export interface TaskView {
  readonly id: string;
  readonly name: string;
  readonly status: TaskStatus;
  readonly payload: TaskPayload;
  readonly lane: string | null;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly lastError: string | null;
  readonly runAt: Date;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

export interface ListInput<Status extends string> {
  readonly status?: Status | undefined;
  /** 1 to 100, default 20. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

const columns = `id, name, status, payload, lane, attempts, max_attempts as "maxAttempts", last_error as "lastError",
  run_at as "runAt", created_at as "createdAt", finished_at as "finishedAt"`;

// Each served by an index of its own.
const conditions: Readonly<Record<TaskStatus, string>> = {
  pending: IS_WAITING,
  running: "status = 'running'",
  done: "status = 'done'",
  dead: "status = 'dead'",
  cancelled: "status = 'cancelled'",
};

/** Lists tasks, newest first. @throws invalid_request for a status that there is not */
export async function listTasks(database: Database, input: ListInput<TaskStatus>): Promise<Page<TaskView>> {
  const limit = input.limit ?? 20;
  const condition = input.status === undefined ? "true" : conditions[input.status];
  if (condition === undefined) throw new TallystickError("invalid_request", "No task can have this status.");
  const rows = await database.query<Omit<TaskView, "id"> & { id: number }>(
    `select ${columns} from tallystick.task
     where ${condition} and ($1::bigint is null or id < $1) order by id desc limit $2`,
    [input.cursor ?? null, limit + 1],
  );
  const items = rows.slice(0, limit).map((row) => ({ ...row, id: String(row.id) }));
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/** Reads one task with its attempts, oldest first. @throws not_found */
export async function getTask(
  database: Database,
  id: string,
): Promise<TaskView & { readonly history: readonly TaskAttempt[] }> {
  const [task] = await database.query<Omit<TaskView, "id"> & { id: number }>(
    `select ${columns} from tallystick.task where id = $1`,
    [taskId(id)],
  );
  if (task === undefined) throw noTask(id);
  const history = await database.query<TaskAttempt>(
    `select attempt, outcome, error, worker, started_at as "startedAt", finished_at as "finishedAt"
     from (
       select * from tallystick.task_attempt where task_id = $1
       union all
       -- The one that runs or ended well, which comes after all that have rows.
       select null, id, attempts, lease_token, status, worker, null, null, started_at, finished_at
       from tallystick.task where id = $1 and status in ('running', 'done') and started_at is not null
     ) attempts order by id nulls last`,
    [taskId(id)],
  );
  return { ...task, id: String(task.id), history };
}

/**
 * Reopens a task that is dead, done, cancelled or waiting: the same row, all attempts before it. Effects stay unique by
 * their own keys, so replaying what succeeded changes nothing.
 * @throws not_found, invalid_state while it runs
 */
export async function replayTask(tx: Queryable, id: string, actor: string, reason?: string): Promise<void> {
  const [row] = await tx.query<{ status: string | null }>("select tallystick.replay_task($1, $2, $3) as status", [
    taskId(id),
    actor,
    reason ?? null,
  ]);
  if (row === undefined || row.status === null) throw noTask(id);
  if (row.status === "running")
    throw new TallystickError("invalid_state", `Task ${id} is running; replay it when it has settled.`);
}

/** Cancels a waiting task. @throws not_found, invalid_state when it does not wait */
export async function cancelTask(database: Database, id: string, actor: string, reason?: string): Promise<void> {
  const [row] = await database.query<{ status: string | null }>("select tallystick.cancel_task($1, $2, $3) as status", [
    taskId(id),
    actor,
    reason ?? null,
  ]);
  if (row === undefined || row.status === null) throw noTask(id);
  if (row.status !== "cancelled")
    throw new TallystickError("invalid_state", `Task ${id} is ${row.status}; only a waiting one can be cancelled.`);
}

function taskId(id: string): number {
  const value = /^\d{1,15}$/.test(id) ? Number(id) : Number.NaN;
  if (Number.isNaN(value)) throw noTask(id);
  return value;
}

function noTask(id: string): TallystickError {
  return new TallystickError("not_found", `There is no task ${id.slice(0, 40)}.`);
}
