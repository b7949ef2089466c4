// One leased task, from load to settlement. load: no transaction is open. run and the completion: one transaction,
// fenced by the lease. A failure rolls that back, and a short transaction of its own records it and decides what next.
import { sqlState } from "../db/database-error.ts";
import type { Database, Queryable } from "../db/database.ts";
import type { Transact } from "../db/port.ts";
import { isTallystickError } from "../kernel/errors.ts";
import { redact } from "../kernel/logger.ts";
import { inSpan, type TaskMeasure } from "../kernel/telemetry.ts";
import { retryDelayMs, type RetryPolicy } from "./retry-policy.ts";
import { retryLater, TaskDirective, type ClaimedTask, type TaskDefinition } from "./task.ts";

export interface TaskRunner {
  readonly database: Database;
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  readonly retry: RetryPolicy;
  /** Called in the transaction that buries a task, whatever its name. */
  readonly onDead: (tx: Queryable, task: ClaimedTask, error: string) => Promise<void>;
  /** Told of each attempt, once it has been settled. */
  readonly onSettled?: (measure: TaskMeasure) => void;
}

/** done, retry, dead: settled so. lost: the lease was taken over, nothing was changed. */
export type TaskOutcome = "done" | "retry" | "dead" | "lost";

class HookFailed extends Error {}

const LEASE_LOST = "LEASE";
const DEFAULT_LOAD_TIMEOUT_MS = 5_000;
const UNKNOWN_TASK_DELAY_MS = 30_000;

export interface RunInput {
  /** Loads that run must end now: the stop's grace is over. */
  readonly abortLoads: AbortSignal;
  /** Of the effect. */
  readonly transact: Transact;
}

/**
 * Runs a claimed task, as a span of the trace that it was enqueued in. Throws only when the database can't be reached; the lease
 * then runs out and the task is retried.
 */
export async function runTask(runner: TaskRunner, task: ClaimedTask, input: RunInput): Promise<TaskOutcome> {
  const { name, id, attempt } = task;
  const attributes = { "tallystick.task": name, "tallystick.task.id": id, "tallystick.task.attempt": attempt };
  const begunAt = performance.now();
  return inSpan("task.run", { kind: "consumer", attributes, parent: task.traceparent ?? undefined }, async (note) => {
    const outcome = await attemptTask(runner, task, input);
    note({ "tallystick.outcome": outcome });
    runner.onSettled?.({ name, outcome, durationMs: performance.now() - begunAt });
    return outcome;
  });
}

/** Whether the first that it does is to begin the transaction of its effect. */
export function beginsWithItsEffect(runner: TaskRunner, { name, exhausted }: ClaimedTask): boolean {
  const definition = runner.definitions.get(name);
  return !exhausted && definition !== undefined && definition.load === undefined;
}

async function attemptTask(
  runner: TaskRunner,
  task: ClaimedTask,
  { abortLoads, transact }: RunInput,
): Promise<TaskOutcome> {
  if (task.exhausted) return fail(runner, task, new Error("the worker stopped in every attempt"), "lease_expired");
  const definition = runner.definitions.get(task.name);
  if (definition === undefined) {
    // Another version of the product, or a process with less configuration, enqueued it: it waits for one that knows it.
    return fail(runner, task, retryLater(`no task named ${task.name} is defined here`, UNKNOWN_TASK_DELAY_MS));
  }
  try {
    const loaded = await load(definition, task, abortLoads);
    await transact(
      async (tx) => {
        const context = { tx, loaded, taskId: task.id, payload: task.payload, attempt: task.attempt };
        const result = await definition.run(context);
        await recordRun(tx, task, "done", result);
        return result;
      },
      (result) => ({
        text: "select tallystick.complete_task($1, $2, $3, $4)",
        values: [
          task.id,
          task.leaseToken,
          result === undefined ? null : JSON.stringify(result),
          definition.pauseLaneMs?.(task.payload, loaded) ?? 0,
        ],
      }),
    );
    return "done";
  } catch (error) {
    if (sqlState(error) === LEASE_LOST) return "lost";
    return fail(runner, task, error);
  }
}

async function load(definition: TaskDefinition, task: ClaimedTask, abort: AbortSignal): Promise<unknown> {
  if (definition.load === undefined) return undefined;
  const timeoutMs = definition.loadTimeoutMs ?? DEFAULT_LOAD_TIMEOUT_MS;
  const limited = AbortSignal.any([abort, AbortSignal.timeout(timeoutMs)]);
  // A load that ignores its signal is left behind; what it answers later is not used.
  const aborted = new Promise<never>((_resolve, reject) => {
    limited.addEventListener("abort", () => {
      reject(new Error(`load took longer than ${timeoutMs} ms`, { cause: limited.reason }));
    });
  });
  const work = definition.load({ taskId: task.id, payload: task.payload, attempt: task.attempt, signal: limited });
  return Promise.race([work, aborted]).catch((error: unknown) => {
    // That this worker stops is no fault of the task: it counts no attempt.
    throw abort.aborted ? retryLater("the worker stopped before the load was over", 0) : error;
  });
}

async function fail(runner: TaskRunner, task: ClaimedTask, error: unknown, code = codeOf(error)): Promise<TaskOutcome> {
  const directive = error instanceof TaskDirective ? error : undefined;
  const message = describe(error);
  const definition = runner.definitions.get(task.name);
  const delayMs =
    directive?.directive === "retry_later"
      ? directive.delayMs
      : (definition?.retryDelayMs?.(task.attempt) ?? retryDelayMs(runner.retry, task.attempt));
  const bury = task.exhausted || directive?.directive === "discard" || isHopeless(error, task.attempt);
  const settle = async (tx: Queryable, reason: string, hook?: TaskDefinition["onDead"]): Promise<TaskOutcome> => {
    const [row] = await tx.query<{ status: string | null }>(
      "select tallystick.fail_task($1, $2, $3, $4, $5, $6, $7, $8) as status",
      [
        task.id,
        task.leaseToken,
        reason,
        code,
        delayMs,
        bury,
        directive?.directive === "retry_later",
        directive?.pauseLane ?? false,
      ],
    );
    if (row === undefined || row.status === null) return "lost";
    if (row.status !== "dead") return "retry";
    await recordRun(tx, task, "failed", undefined, reason);
    try {
      await hook?.({ tx, taskId: task.id, payload: task.payload, error: reason });
      // One that passed over a statement that failed has failed itself: nothing of this could be committed.
      if (hook !== undefined) await tx.query("select 1");
    } catch (cause) {
      // A conflict with another transaction is no fault of the hook's: all of it is done again.
      if (isTallystickError(cause) && cause.code === "transaction_conflict") throw cause;
      throw new HookFailed(describe(cause), { cause });
    }
    await runner.onDead(tx, task, reason);
    return "dead";
  };
  try {
    return await repeatConflict(async () =>
      runner.database.transaction(async (tx) => settle(tx, message, definition?.onDead)),
    );
  } catch (failure) {
    if (!(failure instanceof HookFailed)) throw failure;
    // A hook that throws must not keep its task from being buried: it is left out, and its error told.
    return runner.database.transaction(async (tx) => settle(tx, `${message}; its onDead failed: ${failure.message}`));
  }
}

const SETTLE_TRIES = 3;

async function repeatConflict<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isTallystickError(error) || error.code !== "transaction_conflict" || attempt === SETTLE_TRIES) throw error;
    }
  }
}

// The run row of a scheduled slot follows its task; other tasks have none.
async function recordRun(
  tx: Queryable,
  task: ClaimedTask,
  status: string,
  counts: unknown,
  error?: string,
): Promise<void> {
  if (!task.lane?.startsWith("schedule:")) return;
  await tx.query(
    `update tallystick.schedule_run set status = $2, finished_at = tallystick.clock(), counts = $3, error = $4,
       started_at = (select started_at from tallystick.task where id = $1)
     where task_id = $1`,
    [task.id, status, counts === undefined ? null : JSON.stringify(counts), error ?? null],
  );
}

// A mapping that is missing may come with an event that is under way; after a few tries a person must add it. What is no
// valid request does not become one.
const HOPELESS_ATTEMPTS = 3;
const hopeless: ReadonlySet<string> = new Set([
  "unmatched_account",
  "unmatched_price",
  "unmatched_payment",
  "invalid_request",
]);

function isHopeless(error: unknown, attempt: number): boolean {
  if (!isTallystickError(error)) return false;
  return hopeless.has(error.code) && attempt >= HOPELESS_ATTEMPTS;
}

function codeOf(error: unknown): string {
  if (isTallystickError(error)) return error.code;
  return error instanceof TaskDirective ? error.directive : "internal";
}

function describe(error: unknown): string {
  // Postgres' text refuses U+0000, and an error that can't be recorded could never be settled.
  return redact(error instanceof Error ? error.message : String(error))
    .replaceAll("\0", "\ufffd")
    .slice(0, 2000);
}
