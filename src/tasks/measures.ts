// What the task runtime measures: the backlog and its age, dead letters, the tick, wakes, and this process's attempts.
import type { Queryable } from "../db/database.ts";
import { gauge, single, type Metric } from "../kernel/metric.ts";
import type { TaskMeasure, Telemetry } from "../kernel/telemetry.ts";
import { IS_WAITING, taskHealth, wakeHealth } from "./health.ts";

export interface AttemptCounter {
  count(measure: TaskMeasure): void;
  read(): readonly Metric[];
}

/** Counts the attempts of this process, as scrapers expect of counters: each process has its own, from zero. */
export function createAttemptCounter(telemetry?: Telemetry): AttemptCounter {
  const attempts = new Map<string, { labels: Record<string, string>; count: number; seconds: number }>();
  return {
    count(measure) {
      const { name, outcome, durationMs } = measure;
      telemetry?.taskSettled?.(measure);
      const key = `${name}\n${outcome}`;
      const entry = attempts.get(key) ?? { labels: { task: name, outcome }, count: 0, seconds: 0 };
      entry.count += 1;
      entry.seconds += durationMs / 1_000;
      attempts.set(key, entry);
    },
    read() {
      const all = [...attempts.values()];
      return [
        {
          name: "tallystick_task_attempts_total",
          help: "Attempts of tasks that this process made, by outcome",
          type: "counter",
          samples: all.map(({ labels, count }) => ({ labels, value: count })),
        },
        {
          name: "tallystick_task_attempt_seconds_total",
          help: "Time that these attempts took, from claim to settlement",
          type: "counter",
          samples: all.map(({ labels, seconds }) => ({ labels, value: seconds })),
        },
      ];
    },
  };
}

/** Reads the task runtime's gauges. Costs a look at what is not done; finished tasks are not read. */
export async function taskMetrics(queryable: Queryable, hasDriver: boolean): Promise<readonly Metric[]> {
  const { lastTick, oldestDueMs } = await taskHealth(queryable);
  const waiting = await queryable.query<{ status: string; name: string; count: number; due: number }>(
    `select status, name, count(*) as count, count(*) filter (where run_at <= (select tallystick.clock())) as due
     from (select status, name, run_at from tallystick.task where ${IS_WAITING}
       union all select status, name, run_at from tallystick.task where status = 'running'
       union all select status, name, run_at from tallystick.task where status = 'dead') open
     group by 1, 2 order by 1, 2`,
  );
  const ofStatus = (status: string, value: (row: (typeof waiting)[number]) => number) =>
    waiting.filter((row) => row.status === status).map((row) => ({ labels: { task: row.name }, value: value(row) }));
  const metrics = [
    gauge(
      "tallystick_tasks_waiting",
      "Tasks that wait, due or not",
      ofStatus("pending", ({ count }) => count),
    ),
    gauge(
      "tallystick_tasks_due",
      "Tasks that are due and do not run yet",
      ofStatus("pending", ({ due }) => due),
    ),
    gauge(
      "tallystick_tasks_running",
      "Tasks that are leased to a worker",
      ofStatus("running", ({ count }) => count),
    ),
    gauge(
      "tallystick_tasks_dead",
      "Dead letters, which a person must look at",
      ofStatus("dead", ({ count }) => count),
    ),
    gauge("tallystick_task_oldest_due_seconds", "How long the oldest due task has waited; 0: nothing is due", [
      { labels: {}, value: (oldestDueMs ?? 0) / 1_000 },
    ]),
    gauge("tallystick_tick_age_seconds", "Since the last tick began", single(lastTick && lastTick.ageMs / 1_000)),
    gauge(
      "tallystick_tick_failed",
      "1 where the last tick failed",
      single(lastTick && Number(lastTick.status === "failed")),
    ),
  ];
  if (!hasDriver) return metrics;
  const { unwoken, unanswered } = await wakeHealth(queryable);
  return [
    ...metrics,
    gauge(
      "tallystick_wakes_late",
      "Due tasks whose wake is over a minute late, up to 1,000: not handed over, or not answered",
      [
        { labels: { reason: "unwoken" }, value: unwoken },
        { labels: { reason: "unanswered" }, value: unanswered },
      ],
    ),
  ];
}
