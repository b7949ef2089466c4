// The product's face of its tasks: enqueue, look, replay, cancel.
import { joinTransaction, type Database, type TransactionSource } from "../db/database.ts";
import { inSpan } from "../kernel/telemetry.ts";
import { enqueueTask, enqueueTasks, type EnqueueInput } from "./enqueue.ts";
import {
  cancelTask,
  getTask,
  listTasks,
  replayTask,
  type ListInput,
  type Page,
  type TaskAttempt,
  type TaskView,
} from "./inspect.ts";
import type { TaskStatus } from "./task.ts";

export interface Tasks {
  /** Enqueues a task of the product, in the caller's transaction when one is given. */
  enqueue(
    input: Omit<EnqueueInput, "maxAttempts">,
    options?: { readonly tx?: TransactionSource | undefined },
  ): Promise<{ readonly taskId: string; readonly created: boolean }>;
  /** Enqueues many in one statement, all or none; answers in their order. */
  enqueueMany(
    inputs: readonly Omit<EnqueueInput, "maxAttempts">[],
    options?: { readonly tx?: TransactionSource | undefined },
  ): Promise<readonly { readonly taskId: string; readonly created: boolean }[]>;
  list(input?: ListInput<TaskStatus>): Promise<Page<TaskView>>;
  get(id: string): Promise<TaskView & { readonly history: readonly TaskAttempt[] }>;
  replay(id: string, by?: { actor?: string; reason?: string }): Promise<void>;
  cancel(id: string, by?: { actor?: string; reason?: string }): Promise<void>;
}

export function createTasks(database: Database, maxAttemptsOf: (name: string) => number): Tasks {
  return {
    async enqueue(input, { tx } = {}) {
      const writer = tx === undefined ? database : joinTransaction(tx);
      return inSpan("task.enqueue", { kind: "producer", attributes: { "tallystick.task": input.name } }, async () => {
        const { taskId, created } = await enqueueTask(writer, { ...input, maxAttempts: maxAttemptsOf(input.name) });
        return { taskId: String(taskId), created };
      });
    },
    async enqueueMany(inputs, { tx } = {}) {
      const writer = tx === undefined ? database : joinTransaction(tx);
      const tasks = inputs.map((input) => ({ ...input, maxAttempts: maxAttemptsOf(input.name) }));
      return inSpan(
        "task.enqueue",
        { kind: "producer", attributes: { "tallystick.tasks": tasks.length } },
        async () => {
          const results = await enqueueTasks(writer, tasks);
          return results.map(({ taskId, created }) => ({ taskId: String(taskId), created }));
        },
      );
    },
    list: async (input = {}) => listTasks(database, input),
    get: async (id) => getTask(database, id),
    replay: async (id, by = {}) => replayTask(database, id, by.actor ?? "api", by.reason),
    cancel: async (id, by = {}) => cancelTask(database, id, by.actor ?? "api", by.reason),
  };
}
