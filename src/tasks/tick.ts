// tick: everything that time makes due, in one call that any scheduler may make, late, twice or overlapping: due slots are
// claimed, maintenance runs in batches, tasks are drained, and the run is recorded with its counts.
import type { Database, Queryable } from "../db/database.ts";
import { isTallystickError } from "../kernel/errors.ts";
import { redact } from "../kernel/logger.ts";
import { inSpan } from "../kernel/telemetry.ts";
import type { Drain, DrainResult } from "./drain.ts";
import { claimDueSlots, type LateSlot, type ScheduledDefinition } from "./schedules.ts";

/** Work that is due by time, set-based and resumable; runs in every tick, in the order given. */
export interface Maintenance {
  readonly name: string;
  run(budgetMs: number): Promise<{ readonly [count: string]: unknown }>;
}

export interface TickInput {
  /** Time for all of it, in milliseconds; default 25,000. */
  readonly budgetMs?: number | undefined;
}

export interface TickResult {
  /** Slots of schedules that this tick claimed. */
  readonly slots: number;
  /** What each maintenance counted, by its name. */
  readonly maintenance: Readonly<Record<string, { readonly [count: string]: unknown }>>;
  readonly tasks: DrainResult;
  readonly durationMs: number;
}

export interface TickPlan {
  readonly database: Database;
  readonly schedules: readonly ScheduledDefinition[];
  readonly maintenance: readonly Maintenance[];
  readonly maxAttempts: number;
  readonly drain: Drain["drain"];
  /** A tick later than this after the one before is announced: the scheduler missed runs. */
  readonly maxGapMs: number;
  readonly onLate: (tx: Queryable, slot: LateSlot) => Promise<void>;
}

export const TICK = "tick";

/** Runs one tick. @throws what maintenance throws, after the run was recorded as failed */
export async function tick(plan: TickPlan, input: TickInput = {}): Promise<TickResult> {
  return inSpan("tick", {}, async () => tickOnce(plan, input));
}

async function tickOnce(plan: TickPlan, input: TickInput): Promise<TickResult> {
  const started = performance.now();
  const deadline = started + (input.budgetMs ?? 25_000);
  const left = (): number => Math.max(0, deadline - performance.now());
  const runId = await beginRun(plan);
  const failures: unknown[] = [];
  // One part that fails holds up no other: a ledger that can't distribute must not keep webhooks from being handled.
  const attempt = async <Result>(part: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await part();
    } catch (error) {
      if (isTallystickError(error) && error.code === "storage_unavailable") throw error;
      failures.push(error);
      return undefined;
    }
  };
  const slots =
    (await attempt(async () => claimDueSlots(plan.database, plan.schedules, plan.maxAttempts, plan.onLate))) ?? 0;
  const maintenance: Record<string, { readonly [count: string]: unknown }> = {};
  for (const work of plan.maintenance) {
    const counts = await attempt(async () => work.run(left()));
    if (counts !== undefined) maintenance[work.name] = counts;
  }
  const tasks = await attempt(async () => plan.drain({ budgetMs: left() }));
  const [failure] = failures;
  await endRun(
    plan.database,
    runId,
    failures.length === 0 ? "done" : "failed",
    { slots, ...maintenance, tasks },
    failure,
  );
  if (failures.length > 0 || tasks === undefined) throw failure;
  return { slots, maintenance, tasks, durationMs: Math.round(performance.now() - started) };
}

async function beginRun(plan: TickPlan): Promise<number> {
  return plan.database.transaction(async (tx) => {
    // Ticks that begin at once go one after the other here, so that a gap is announced by the first alone.
    await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`tallystick:schedule:${TICK}`]);
    const [last] = await tx.query<{ due_at: Date; now: Date }>(
      `select due_at, tallystick.clock() as now from tallystick.schedule_run
       where task_name = $1 order by due_at desc limit 1`,
      [TICK],
    );
    if (last && last.now.getTime() - last.due_at.getTime() > plan.maxGapMs) {
      await plan.onLate(tx, {
        name: TICK,
        dueAt: new Date(last.due_at.getTime() + plan.maxGapMs),
        claimedAt: last.now,
        missed: 0,
      });
    }
    // Two ticks in one microsecond of the clock share a row; each does its work all the same.
    const [run] = await tx.query<{ id: number }>(
      `insert into tallystick.schedule_run (task_name, due_at, status, started_at)
       select $1, t, 'running', t from tallystick.clock() as t
       on conflict (task_name, due_at) do update set started_at = excluded.started_at returning id`,
      [TICK],
    );
    return run?.id ?? 0;
  });
}

async function endRun(database: Database, id: number, status: string, counts: unknown, error?: unknown): Promise<void> {
  await database.query(
    `update tallystick.schedule_run set status = $2, finished_at = tallystick.clock(), counts = $3, error = $4 where id = $1`,
    [
      id,
      status,
      JSON.stringify(counts),
      error === undefined ? null : redact(error instanceof Error ? error.message : "failed"),
    ],
  );
  // A tick a minute is 43,000 rows a month; older ones tell nobody anything.
  await database.query(
    "delete from tallystick.schedule_run where task_name = $1 and due_at < (select tallystick.clock()) - interval '30 days'",
    [TICK],
  );
}
