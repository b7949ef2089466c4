// What goes wrong behind the scenes: logged, and announced in the transaction that found it.
import type { Announcing } from "./announcing.ts";
import type { ProofFailure } from "./credits/audit/proof.ts";
import type { Queryable } from "./db/database.ts";
import type { Logger } from "./kernel/logger.ts";
import { DELIVER_TASK } from "./notification/deliver.ts";
import { DELIVER_EVENT_TASK } from "./outgoing/deliver.ts";
import { HOOK_TASK } from "./outgoing/hooks.ts";
import type { ReconcileFound } from "./payment/reconcile/watch.ts";
import type { LateSlot } from "./tasks/schedules.ts";
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

export function tellOfLateness(tell: Announcing["tell"], logger: Logger) {
  return async (tx: Queryable, slot: LateSlot): Promise<void> => {
    const { name, dueAt, missed } = slot;
    logger.warn({ schedule: name, dueAt, missed }, "a scheduled run was late or missed");
    await tell(tx, { kind: "cron.missed", key: `cron.missed:${name}:${slot.claimedAt.toISOString()}`, ...slot });
  };
}

export function tellOfViolations(tell: Announcing["tell"], logger: Logger) {
  return async (tx: Queryable, failure: ProofFailure): Promise<void> => {
    logger.error({ ...failure }, "the audit found violations");
    await tell(tx, { kind: "audit.failed", ...failure });
  };
}

export function tellOfMissedEvents(tell: Announcing["tell"], logger: Logger) {
  return async (tx: Queryable, found: ReconcileFound): Promise<void> => {
    logger.warn({ ...found }, "payment events did not arrive");
    await tell(tx, { kind: "payment.events_missed", ...found });
  };
}
