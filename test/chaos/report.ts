// What a run has to say at its end.
import type { Database } from "../../src/db/database.ts";
import type { Check } from "./checks.ts";
import type { Faults } from "./faults.ts";
import type { Recovery } from "./recovery.ts";
import type { Spending } from "./spending.ts";

export interface Deliveries {
  readonly events: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly dropped: number;
  readonly attempts: number;
}

export interface Report {
  readonly seed: number;
  readonly customers: number;
  readonly steps: Readonly<Record<string, number>>;
  readonly deliveries: Deliveries;
  readonly receiverAnswers: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly restarts: number;
  readonly faults: Faults["counts"];
  readonly spending: Spending["counts"];
  /** Tasks that died on the way and were reopened by what they waited for, by their last words. */
  readonly revived: readonly string[];
  readonly recovery: Recovery;
  readonly livedMs: number;
  readonly checks: readonly Check[];
  /** The application's last words, where something differs. */
  readonly log: readonly string[];
}

const SHOWN = 20;
const SHOWN_LINES = 60;

export async function countDeliveries(sandbox: Database): Promise<Deliveries> {
  const [row] = await sandbox.query<Deliveries>(
    `select (select count(*) from tallystick_sandbox.event) as events,
       count(*) filter (where status = 'delivered') as delivered,
       count(*) - count(distinct event_id) as duplicates,
       count(distinct event_id) filter (where status = 'dropped') as dropped,
       coalesce(sum(attempts), 0)::bigint as attempts
     from tallystick_sandbox.delivery`,
  );
  if (row === undefined) throw new Error("The sandbox has no deliveries.");
  return row;
}

export async function readRevived(ledger: Database): Promise<readonly string[]> {
  const rows = await ledger.query<{ why: string }>(
    `select distinct on (task.id) task.name || ': ' || coalesce(attempt.error, 'no error') as why
     from tallystick.task_attempt attempt join tallystick.task on task.id = attempt.task_id
     where attempt.outcome = 'dead' and task.status = 'done' order by task.id, attempt.id`,
  );
  return rows.map(({ why }) => why);
}

export function holds({ checks }: Report): boolean {
  return checks.every(({ problems }) => problems.length === 0);
}

export function describeReport(report: Report): string {
  const { deliveries, recovery, spending, faults, checks, log } = report;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(", ") || "nothing";
  const { delivering, reconciling, draining } = recovery.ms;
  return [
    `seed ${report.seed}, ${report.customers} customers, ${seconds(report.livedMs)} under faults`,
    `steps: ${counted(report.steps)}`,
    `events: ${deliveries.events}; deliveries: ${deliveries.delivered} made in ${deliveries.attempts} attempts, ${deliveries.duplicates} duplicates, ${deliveries.dropped} events dropped`,
    `faults: ${report.kills} kills, ${report.restarts} restarts of Postgres, ${faults.cut} connections cut, ${faults.ticks} ticks in pairs (${faults.answeredTicks} answered)`,
    `the receivers answered: ${counted(report.receiverAnswers)}`,
    `spending: ${spending.spent} spent, ${spending.refused} refused, ${spending.requests} requests, ${spending.lost} without an answer`,
    `reconciling found: ${counted(recovery.reconciled.missing)} of ${counted(recovery.reconciled.seen)}`,
    `dead letters that what they waited for reopened: ${report.revived.length}`,
    ...report.revived.slice(0, SHOWN).map((why) => `       ${why}`),
    `recovery: ${seconds(delivering)} to deliver, ${seconds(reconciling)} to reconcile, ${seconds(draining)} to drain`,
    ...checks.flatMap(({ name, problems }) => [
      `${problems.length === 0 ? "ok  " : "FAIL"} ${name}`,
      ...problems.slice(0, SHOWN).map((problem) => `       ${problem}`),
      ...(problems.length > SHOWN ? [`       and ${problems.length - SHOWN} more`] : []),
    ]),
    ...(log.length > 0 ? ["the application's last words:", ...log.slice(-SHOWN_LINES)] : []),
    holds(report) ? "everything agrees" : `something differs; replay with CHAOS_SEED=${report.seed}`,
  ].join("\n");
}
