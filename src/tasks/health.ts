// What tells whether tasks are being looked after: the heartbeat of the tick, dead letters, the age of what is due.
import type { Queryable } from "../db/database.ts";
import { TICK } from "./tick.ts";

/**
 * The condition of every waiting task. In lanes and without they have an index each, and none together that a claim could be
 * planned by; the second half lets both be used here.
 */
export const IS_WAITING = "status = 'pending' and (lane is null or lane is not null)";

export interface TaskHealth {
  /** The latest tick; null when none has ever run. */
  readonly lastTick: {
    readonly at: Date;
    readonly ageMs: number;
    readonly status: string;
    readonly error: string | null;
  } | null;
  readonly dead: number;
  /**
   * How long the oldest due task has been waiting, on the database's clock; null when nothing is due. What waits in a lane
   * that rests at its receiver's wish is not due.
   */
  readonly oldestDueMs: number | null;
}

/** Reads the health of the task runtime. */
export async function taskHealth(queryable: Queryable): Promise<TaskHealth> {
  const [tick] = await queryable.query<{ at: Date; age_ms: number; status: string; error: string | null }>(
    `select due_at as at, (extract(epoch from tallystick.clock() - due_at) * 1000)::bigint as age_ms, status, error
     from tallystick.schedule_run where task_name = $1 order by due_at desc limit 1`,
    [TICK],
  );
  const [backlog] = await queryable.query<{ dead: number; oldest_due_ms: number | null }>(
    `select (select count(*) from tallystick.task where status = 'dead') as dead,
       (select (extract(epoch from tallystick.clock() - min(run_at)) * 1000)::bigint from tallystick.task
        where ${IS_WAITING} and run_at <= tallystick.clock() and not exists (select from tallystick.task_lane
          where name = task.lane and paused_until > tallystick.clock())) as oldest_due_ms`,
  );
  return {
    lastTick: tick === undefined ? null : { at: tick.at, ageMs: tick.age_ms, status: tick.status, error: tick.error },
    dead: backlog?.dead ?? 0,
    oldestDueMs: backlog?.oldest_due_ms ?? null,
  };
}

export interface WakeHealth {
  /** Tasks that have been due for a minute and that no driver was handed a wake for. */
  readonly unwoken: number;
  /** Due tasks whose wake was handed over at least a minute ago and that have not begun. */
  readonly unanswered: number;
}

/** Reads what became of the wakes of due tasks; each counted up to 1,000. */
export async function wakeHealth(queryable: Queryable): Promise<WakeHealth> {
  const [row] = await queryable.query<{ unwoken: number; unanswered: number }>(
    `with due as materialized (select woken_at, run_at, tallystick.clock() as now from tallystick.task
       where ${IS_WAITING} and run_at <= tallystick.clock() and not exists (select from tallystick.task_lane
         where name = task.lane and (paused_until > tallystick.clock() or lease_token is not null)) limit 1000)
     select count(*) filter (where woken_at is null and run_at < now - interval '1 minute') as unwoken,
       count(*) filter (where woken_at < now - interval '1 minute') as unanswered from due`,
  );
  return { unwoken: row?.unwoken ?? 0, unanswered: row?.unanswered ?? 0 };
}
