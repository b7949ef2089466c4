// What the ledger measures: its totals by unit, its outbox, its audit.
import type { Queryable } from "../db/database.ts";
import { gauge, single, type Metric } from "../kernel/metric.ts";
import { auditHealth } from "./audit/last-run.ts";
import { outboxHealth } from "./outbox-health.ts";

/** Reads the ledger's gauges. Sums all accounts, in one pass. */
export async function ledgerMetrics(queryable: Queryable): Promise<readonly Metric[]> {
  const totals = await queryable.query<{ unit: string; accounts: number; book: number; held: number; debt: number }>(
    `select unit, count(*) as accounts, sum(current_credits)::float8 as book, sum(cached_held)::float8 as held,
       sum(debt)::float8 as debt
     from tallystick.user_credit where merged_into_id is null group by 1 order by 1`,
  );
  const byUnit = (value: (row: (typeof totals)[number]) => number) =>
    totals.map((row) => ({ labels: { unit: row.unit }, value: value(row) }));
  const { oldestMs } = await outboxHealth(queryable);
  const { lastRun, openRun } = await auditHealth(queryable, 0);
  const violations =
    lastRun === null && openRun === null ? null : (lastRun?.violations ?? 0) + (openRun?.violations ?? 0);
  return [
    gauge(
      "tallystick_accounts",
      "Accounts that are not merged into another",
      byUnit(({ accounts }) => accounts),
    ),
    gauge(
      "tallystick_credits_outstanding",
      "Sum of the journal: what is owed to users, less debt",
      byUnit(({ book }) => book),
    ),
    gauge(
      "tallystick_credits_held",
      "Credits that open holds keep",
      byUnit(({ held }) => held),
    ),
    gauge(
      "tallystick_credits_debt",
      "Credits that users owe",
      byUnit(({ debt }) => debt),
    ),
    gauge(
      "tallystick_outbox_oldest_seconds",
      "How long the journal's oldest untold entry has waited; 0: nothing waits",
      [{ labels: {}, value: (oldestMs ?? 0) / 1_000 }],
    ),
    gauge(
      "tallystick_audit_violations",
      "Violations that the last scheduled audit found, and the one under way",
      single(violations),
    ),
    gauge(
      "tallystick_audit_age_seconds",
      "Since the last scheduled audit ended",
      single(lastRun && lastRun.ageMs / 1_000),
    ),
  ];
}
