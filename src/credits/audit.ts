// audit: proves the ledger. Each equation is one set-based query that answers the rows that break it.
import type { Database } from "../db/database.ts";
import { auditEquations } from "./audit-equations.ts";

export interface Violation {
  /** The equation's name, as in the table of equations. */
  readonly equation: string;
  readonly userId: string | null;
  readonly unit: string | null;
  /** What is wrong, with the numbers. */
  readonly detail: string;
}

export interface AuditResult {
  readonly ok: boolean;
  readonly accounts: number;
  /** At most 100 for each equation. */
  readonly violations: readonly Violation[];
}

/** Checks every equation over all accounts. Reads only; each equation sees one snapshot. */
export async function audit(database: Database): Promise<AuditResult> {
  const violations: Violation[] = [];
  for (const { name, sql } of auditEquations) {
    const rows = await database.query<{ userId: string | null; unit: string | null; detail: string }>(
      `select account.user_id as "userId", account.unit, broken.detail
       from (${sql}) broken left join tallystick.user_credit account on account.id = broken.account_id limit 100`,
    );
    violations.push(...rows.map((row) => ({ equation: name, ...row })));
  }
  const [count] = await database.query<{ accounts: number }>("select count(*) as accounts from tallystick.user_credit");
  return { ok: violations.length === 0, accounts: count?.accounts ?? 0, violations };
}
