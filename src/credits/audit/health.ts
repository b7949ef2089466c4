// What tells how the ledger stands without proving it anew: what the runs of the tick have found.
import type { Queryable } from "../../db/database.ts";

export interface AuditHealth {
  /** The run that finished last; null when none has. */
  readonly lastRun: { readonly at: Date; readonly ageMs: number; readonly violations: number } | null;
  /** What the run under way has found so far; 0 when none is. */
  readonly foundSince: number;
}

/** Reads the last runs of the audit. */
export async function auditHealth(queryable: Queryable): Promise<AuditHealth> {
  // One run is open at the most, and it is the newest.
  const runs = await queryable.query<{ at: Date | null; age_ms: number; violations: number }>(
    `select finished_at as at, (extract(epoch from tallystick.clock() - finished_at) * 1000)::bigint as age_ms, violations
     from tallystick.credit_proof_run where kind = 'audit' order by id desc limit 2`,
  );
  const [newest] = runs;
  const finished = runs.find(({ at }) => at !== null);
  return {
    lastRun:
      finished === undefined || finished.at === null
        ? null
        : { at: finished.at, ageMs: finished.age_ms, violations: finished.violations },
    foundSince: newest?.at === null ? newest.violations : 0,
  };
}

/** Whether the ledger has more accounts than so many; counts no further. */
export async function hasMoreAccounts(queryable: Queryable, count: number): Promise<boolean> {
  const rows = await queryable.query("select from tallystick.user_credit order by id offset $1 limit 1", [count]);
  return rows.length > 0;
}
