// What the scheduled audit found, and how large a ledger it is: for whoever asks without the time for an audit of its own.
import type { Queryable } from "../../db/database.ts";

export interface AuditRun {
  readonly startedAt: Date;
  readonly ageMs: number;
  readonly violations: number;
}

export interface AuditHealth {
  /** True up to the number of accounts that was asked about. */
  readonly isSmall: boolean;
  /** The last run that came to its end; null: none has. */
  readonly lastRun: AuditRun | null;
  /** The run under way; its violations are those found so far. */
  readonly openRun: AuditRun | null;
}

/** Reads the scheduled audit's last runs. Looks at no more accounts than `small` and one. */
export async function auditHealth(queryable: Queryable, small: number): Promise<AuditHealth> {
  const [size] = await queryable.query<{ accounts: number }>(
    "select count(*) as accounts from (select from tallystick.user_credit limit $1) account",
    [small + 1],
  );
  const runs = await queryable.query<AuditRun & { readonly finished: boolean }>(
    `select distinct on (finished) finished_at is not null as finished, started_at as "startedAt", violations,
       (extract(epoch from tallystick.clock() - coalesce(finished_at, started_at)) * 1000)::bigint as "ageMs"
     from tallystick.credit_proof_run where kind = 'audit' order by finished, id desc`,
  );
  const runOf = (finished: boolean): AuditRun | null => runs.find((run) => run.finished === finished) ?? null;
  return { isSmall: (size?.accounts ?? 0) <= small, lastRun: runOf(true), openRun: runOf(false) };
}
