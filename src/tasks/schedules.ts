// Schedules: which slots are due, and who runs them. A slot is a row unique on (task, due time); whoever inserts it has
// claimed it, so any number of ticks, late, doubled or overlapping, run each slot once.
import { Cron } from "croner";
import type { Database, Queryable } from "../db/database.ts";
import { TallystickError } from "../kernel/errors.ts";
import { enqueueTask } from "./enqueue.ts";
import type { Schedule, TaskDefinition } from "./task.ts";

export interface ScheduledDefinition extends TaskDefinition {
  readonly schedule: Schedule;
}

export interface LateSlot {
  readonly name: string;
  readonly dueAt: Date;
  readonly claimedAt: Date;
  /** Slots that nobody claimed and that do not run. */
  readonly missed: number;
}

const DEFAULT_GRACE_MS = 3_600_000;
// A schedule of every minute that slept for a day has 1,440 slots; older ones are not worth a row each.
const MAX_SLOTS = 1_500;

export function isScheduled(definition: TaskDefinition): definition is ScheduledDefinition {
  return definition.schedule !== undefined;
}

/** Checks a schedule when the product starts, not when it first fires. @throws invalid_request */
export function checkSchedule(definition: ScheduledDefinition): void {
  try {
    slotsAfter(definition.schedule, new Date(), new Date());
  } catch (cause) {
    throw new TallystickError(
      "invalid_request",
      `Task ${definition.name}: "${definition.schedule.cron}" in ${definition.schedule.timeZone ?? "UTC"} is no schedule.`,
      { cause },
    );
  }
}

/** The slots after `last` up to `now`, oldest first, at most the latest 1,500. */
export function slotsAfter(schedule: Schedule, last: Date, now: Date): Date[] {
  const cron = new Cron(schedule.cron, { timezone: schedule.timeZone ?? "UTC", paused: true });
  const slots: Date[] = [];
  for (let slot = cron.nextRun(last); slot !== null && slot <= now; slot = cron.nextRun(slot)) {
    slots.push(slot);
    if (slots.length > MAX_SLOTS) slots.shift();
  }
  return slots;
}

/** Of the due slots, those that run and those that are only recorded, by the schedule's policy. */
export function divideSlots(schedule: Schedule, slots: readonly Date[], now: Date): { run: Date[]; missed: Date[] } {
  const grace = schedule.graceMs ?? DEFAULT_GRACE_MS;
  const runs = (slot: Date, index: number): boolean => {
    switch (schedule.missed ?? "once") {
      case "all":
        return true;
      case "once":
        return index === slots.length - 1;
      case "skip":
        return index === slots.length - 1 && now.getTime() - slot.getTime() <= grace;
    }
  };
  return { run: slots.filter(runs), missed: slots.filter((slot, index) => !runs(slot, index)) };
}

/**
 * Claims the due slots of every schedule and enqueues their tasks, one transaction for each schedule. A schedule that is
 * seen for the first time begins with its next slot.
 */
export async function claimDueSlots(
  database: Database,
  definitions: readonly ScheduledDefinition[],
  maxAttempts: number,
  onLate: (tx: Queryable, slot: LateSlot) => Promise<void>,
): Promise<number> {
  let claimed = 0;
  for (const definition of definitions) {
    claimed += await database.transaction(async (tx) => claimSlots(tx, definition, maxAttempts, onLate));
  }
  return claimed;
}

async function claimSlots(
  tx: Queryable,
  definition: ScheduledDefinition,
  maxAttempts: number,
  onLate: (tx: Queryable, slot: LateSlot) => Promise<void>,
): Promise<number> {
  const { name, schedule } = definition;
  // Ticks that overlap go one after the other here, so that the second sees what the first has claimed and announced.
  await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`tallystick:schedule:${name}`]);
  const [state] = await tx.query<{ now: Date; last: Date | null }>(
    "select tallystick.clock() as now, (select max(due_at) from tallystick.schedule_run where task_name = $1) as last",
    [name],
  );
  if (state === undefined) return 0;
  if (state.last === null) {
    // Where to count from: nothing before this moment is owed.
    await insertSlots(tx, name, [state.now], "missed");
    return 0;
  }
  const { run, missed } = divideSlots(schedule, slotsAfter(schedule, state.last, state.now), state.now);
  await insertSlots(tx, name, missed, "missed");
  const claimed = await insertSlots(tx, name, run, "enqueued");
  for (const dueAt of claimed) {
    const slot = dueAt.toISOString();
    const { taskId } = await enqueueTask(tx, {
      name,
      payload: { dueAt: slot },
      lane: `schedule:${name}`,
      dedupeKey: `schedule:${name}:${slot}`,
      maxAttempts: definition.maxAttempts ?? maxAttempts,
    });
    await tx.query("update tallystick.schedule_run set task_id = $3 where task_name = $1 and due_at = $2", [
      name,
      dueAt,
      taskId,
    ]);
  }
  const first = claimed[0] ?? missed[0];
  const isLate = first !== undefined && state.now.getTime() - first.getTime() > (schedule.graceMs ?? DEFAULT_GRACE_MS);
  if (isLate || missed.length > 0) {
    await onLate(tx, { name, dueAt: first ?? state.now, claimedAt: state.now, missed: missed.length });
  }
  return claimed.length;
}

/** Answers the slots that this call claimed: another tick may have been first. */
async function insertSlots(tx: Queryable, name: string, slots: readonly Date[], status: string): Promise<Date[]> {
  if (slots.length === 0) return [];
  const rows = await tx.query<{ due_at: Date }>(
    `insert into tallystick.schedule_run (task_name, due_at, status)
     select $1, due_at, $3 from unnest($2::timestamptz[]) as due_at
     on conflict (task_name, due_at) do nothing returning due_at`,
    [name, slots.map((slot) => slot.toISOString()), status],
  );
  return rows.map(({ due_at }) => due_at).toSorted((a, b) => a.getTime() - b.getTime());
}
