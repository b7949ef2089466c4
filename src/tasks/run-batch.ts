// Tasks that share a transaction: one round trip settles them all. What goes wrong leaves no trace of any of them, and they
// are run one by one.
import type { Database } from "../db/database.ts";
import { inSpan } from "../kernel/telemetry.ts";
import { runTask, type TaskOutcome, type TaskRunner } from "./run-task.ts";
import type { ClaimedTask, TaskDefinition } from "./task.ts";

/** How many tasks of its name a claimed task may share a transaction with, itself included. */
export function batchSizeOf(runner: TaskRunner, { name, attempt, exhausted }: ClaimedTask): number {
  // What failed before runs alone, so that it does not fail the others again.
  return attempt > 1 || exhausted ? 1 : (runner.definitions.get(name)?.batchSize ?? 1);
}

/** Runs claimed tasks of one name. Throws only when the database can't be reached. */
export async function runBatch(
  runner: TaskRunner,
  tasks: readonly ClaimedTask[],
  signal: AbortSignal,
): Promise<TaskOutcome[]> {
  const definition = runner.definitions.get(tasks[0]?.name ?? "");
  if (definition === undefined || tasks.length === 1) return runAlone(runner, tasks, signal);
  const begunAt = performance.now();
  try {
    await runTogether(runner, definition, tasks);
  } catch {
    // Whoever is at fault fails again, alone, and what is recorded then is its own error.
    return runAlone(runner, tasks, signal);
  }
  const durationMs = (performance.now() - begunAt) / tasks.length;
  for (const { name } of tasks) runner.onSettled?.({ name, outcome: "done", durationMs });
  return tasks.map(() => "done");
}

async function runTogether(
  runner: TaskRunner,
  definition: TaskDefinition,
  tasks: readonly ClaimedTask[],
): Promise<void> {
  await runner.database.transaction(async (tx) => {
    const results: (string | null)[] = [];
    for (const { id, name, payload, attempt, traceparent } of tasks) {
      const attributes = { "tallystick.task": name, "tallystick.task.id": id, "tallystick.task.attempt": attempt };
      const span = { kind: "consumer", attributes, parent: traceparent ?? undefined } as const;
      const context = { tx, loaded: undefined, taskId: id, payload, attempt };
      const result = await inSpan("task.run", span, async () => definition.run(context));
      results.push(result === undefined ? null : JSON.stringify(result));
    }
    const [row] = await tx.query<{ finished: number }>(
      "select tallystick.finish_tasks($1, $2, $3::jsonb[]) as finished",
      [tasks.map(({ id }) => id), tasks.map(({ leaseToken }) => leaseToken), results],
    );
    if (row?.finished !== tasks.length) throw new Error("a lease was lost");
  });
}

async function runAlone(
  runner: TaskRunner,
  tasks: readonly ClaimedTask[],
  signal: AbortSignal,
): Promise<TaskOutcome[]> {
  const outcomes: TaskOutcome[] = [];
  for (const task of tasks) {
    if (signal.aborted && outcomes.length > 0) await giveBack(runner.database, task);
    else outcomes.push(await runTask(runner, task, signal));
  }
  return outcomes;
}

/** Claimed and not begun: back to its place at once, no attempt counted. */
export async function giveBack(database: Database, { id, leaseToken }: ClaimedTask): Promise<void> {
  await database.query("select tallystick.fail_task($1, $2, null, null, null, false, true)", [id, leaseToken]);
}
