// Who is told when a task dies.
import type { Announcing } from "./announcing.ts";
import type { Logger } from "./kernel/logger.ts";
import { DELIVER_TASK } from "./notification/deliver.ts";
import { DELIVER_EVENT_TASK } from "./outgoing/deliver.ts";
import { HOOK_TASK } from "./outgoing/hooks.ts";
import type { TaskRunner } from "./tasks/run-task.ts";
import type { ClaimedTask } from "./tasks/task.ts";

// What is not told of: deliveries, which are seen in their lists, and where telling would not end.
function isUntold({ name, payload }: ClaimedTask): boolean {
  return (
    name === DELIVER_TASK || name === DELIVER_EVENT_TASK || (name === HOOK_TASK && payload["type"] === "task.dead")
  );
}

export function tellOfDeath(tell: Announcing["tell"], logger: Logger): TaskRunner["onDead"] {
  return async (tx, task, error) => {
    logger.error({ taskId: task.id, task: task.name, attempts: task.attempt, error }, "a task is a dead letter");
    if (isUntold(task)) return;
    // A replayed task that dies again is news: the lease token is new with each death.
    const key = `task.dead:${task.id}:${task.leaseToken}`;
    await tell(tx, { kind: "task.dead", key, taskId: task.id, taskName: task.name, attempts: task.attempt, error });
  };
}
