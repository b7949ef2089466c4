// Tasks that share a transaction: one round trip settles them all. What goes wrong leaves no trace of any of them, and they
// are run one by one.
import type { Database } from "../db/database.ts";
import { inSpan } from "../kernel/telemetry.ts";
import type { Transact } from "../db/port.ts";
import { runTask, type TaskOutcome, type TaskRunner } from "./run-task.ts";
import type { ClaimedTask, TaskDefinition } from "./task.ts";

export interface StopSignals {
  /** Begin no more tasks. */
  readonly stopping: AbortSignal;
  /** Loads that run must end now: the stop's grace is over. */
  readonly abortLoads: AbortSignal;
}

export interface BatchInput extends StopSignals {
  /** Of the effects. */
  readonly transact: Transact;
  /** Begin none after this, on the monotonic clock of this process: the drain's end, or what the lease leaves. */
  readonly until: number;
}

/** How many tasks of its name a claimed task may share a transaction with, itself included. */
export function batchSizeOf(runner: TaskRunner, { name, attempt, exhausted, hasFailed }: ClaimedTask): number {
  // What failed before runs alone, so that it does not fail the others again.
  return attempt > 1 || exhausted || hasFailed ? 1 : (runner.definitions.get(name)?.batchSize ?? 1);
}

/**
 * Runs claimed tasks of one name, at least the first; those that `until` (of performance.now) leaves no time for are given
 * back. Answers the outcomes of those that ran. Throws only when the database can't be reached.
 */
export async function runBatch(
  runner: TaskRunner,
  tasks: readonly ClaimedTask[],
  input: BatchInput,
): Promise<TaskOutcome[]> {
  const definition = runner.definitions.get(tasks[0]?.name ?? "");
  if (definition === undefined || tasks.length === 1) return runAlone(runner, tasks, input);
  const begunAt = performance.now();
  let ran: number;
  try {
    ran = await runTogether(definition, tasks, input);
  } catch {
    // Whoever is at fault fails again, alone, and what is recorded then is its own error.
    return runAlone(runner, tasks, { ...input, transact: runner.database.transaction });
  }
  const durationMs = (performance.now() - begunAt) / ran;
  const done = tasks.slice(0, ran);
  for (const { name } of done) runner.onSettled?.({ name, outcome: "done", durationMs });
  await giveBack(runner.database, tasks.slice(ran));
  return done.map(() => "done");
}

async function runTogether(
  definition: TaskDefinition,
  tasks: readonly ClaimedTask[],
  { transact, until }: BatchInput,
): Promise<number> {
  const results = await transact(
    async (tx) => {
      const made: (string | null)[] = [];
      for (const { id, name, payload, attempt, traceparent } of tasks) {
        if (made.length > 0 && performance.now() >= until) break;
        const attributes = { "tallystick.task": name, "tallystick.task.id": id, "tallystick.task.attempt": attempt };
        const span = { kind: "consumer", attributes, parent: traceparent ?? undefined } as const;
        const context = { tx, loaded: undefined, taskId: id, payload, attempt };
        const result = await inSpan("task.run", span, async () => definition.run(context));
        made.push(result === undefined ? null : JSON.stringify(result));
      }
      return made;
    },
    (made) => {
      const ran = tasks.slice(0, made.length);
      return {
        text: "select tallystick.complete_tasks($1, $2, $3::jsonb[])",
        values: [ran.map(({ id }) => id), ran.map(({ leaseToken }) => leaseToken), made],
      };
    },
  );
  return results.length;
}

async function runAlone(
  runner: TaskRunner,
  tasks: readonly ClaimedTask[],
  { stopping, until, ...input }: BatchInput,
): Promise<TaskOutcome[]> {
  const outcomes: TaskOutcome[] = [];
  let begun = 0;
  try {
    for (const task of tasks) {
      if (outcomes.length > 0 && (stopping.aborted || performance.now() >= until)) break;
      begun += 1;
      outcomes.push(await runTask(runner, task, input));
    }
  } finally {
    // Also where one could not be settled: what never began has lost no attempt.
    await giveBack(runner.database, tasks.slice(begun));
  }
  return outcomes;
}

/** Claimed and not begun: back to their places at once, no attempt counted. */
export async function giveBack(database: Database, tasks: readonly ClaimedTask[]): Promise<void> {
  if (tasks.length === 0) return;
  await database.query(
    `select tallystick.fail_task(id, token, null, null, null, false, true)
     from unnest($1::bigint[], $2::bigint[], $3::text[]) as given (id, token, lane) order by lane, id`,
    [tasks.map(({ id }) => id), tasks.map(({ leaseToken }) => leaseToken), tasks.map(({ lane }) => lane)],
  );
}
