// What an audit found: which equation does not hold, for what, and the figures.
import type { Queryable } from "../../db/database.ts";

/** A row that breaks an equation. Ids are null where the equation concerns none. */
export interface Violation {
  /** The equation's name, as in the table of equations. */
  readonly equation: string;
  /** The equation's number in the documentation. */
  readonly number: number;
  readonly userId: string | null;
  readonly unit: string | null;
  readonly accountId: string | null;
  readonly entryId: string | null;
  readonly lotId: string | null;
  readonly holdId: string | null;
  readonly paymentId: string | null;
  readonly limitId: string | null;
  /** The stored figure, and what the equation says in its place. */
  readonly actual: number | null;
  readonly expected: number | null;
  /** What is wrong, with the numbers. */
  readonly detail: string;
}

interface FoundRow {
  readonly equation: string;
  readonly userId: string | null;
  readonly unit: string | null;
  readonly accountId: string | null;
  readonly subject: Partial<
    Pick<Violation, "entryId" | "lotId" | "holdId" | "paymentId" | "limitId" | "actual" | "expected">
  >;
  readonly detail: string;
}

/** Runs the query of what breaks equations; at most `limit` rows of each equation. */
export async function readViolations(tx: Queryable, number: number, sql: string, limit: number): Promise<Violation[]> {
  // Materialized, because the planner would take a limit for a reason to look rows up one by one, and nothing ever comes.
  const rows = await tx.query<FoundRow>(
    `with broken as materialized (${sql}),
     named as (select broken.*, row_number() over (partition by equation order by account_id, detail) as n from broken)
     select named.equation, named.account_id::text as "accountId", account.user_id as "userId", account.unit,
       named.subject, named.detail
     from named left join tallystick.user_credit account on account.id = named.account_id
     where n <= ${limit} order by named.equation, named.n`,
  );
  return rows.map(({ subject, ...row }) => ({
    equation: row.equation,
    number,
    userId: row.userId,
    unit: row.unit,
    accountId: row.accountId,
    entryId: subject.entryId ?? null,
    lotId: subject.lotId ?? null,
    holdId: subject.holdId ?? null,
    paymentId: subject.paymentId ?? null,
    limitId: subject.limitId ?? null,
    actual: subject.actual ?? null,
    expected: subject.expected ?? null,
    detail: row.detail,
  }));
}
