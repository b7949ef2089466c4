// audit: proves the ledger. Each equation is one set-based query that answers the rows that break it; nothing is written.
import type { Database, Queryable } from "../db/database.ts";
import type { Equations } from "./audit/equation.ts";
import { auditEquations, equationNames, SEAL_EQUATION } from "./audit/equations.ts";
import { sourcesOf, type IdRange } from "./audit/scope.ts";
import { readViolations, type Violation } from "./audit/violation.ts";
import { checkAccount, invalid } from "./input.ts";
import { sealsOf, verifySeals, type SealReport } from "./seal/verify.ts";
import type { SealKeys } from "./seal/keys.ts";

export type { Violation } from "./audit/violation.ts";

export interface AuditInput {
  /** Only this user's accounts, or with `unit` this account. */
  readonly userId?: string | undefined;
  readonly unit?: string | undefined;
  /** Only accounts whose ids lie between these, both inclusive. */
  readonly accountIds?: { readonly from: string; readonly to: string } | undefined;
  /** Only these equations, by name or by number. */
  readonly equations?: readonly string[] | undefined;
  /** Violations of each equation that are named at the most; default 100. */
  readonly limit?: number | undefined;
  readonly onProgress?: ((progress: AuditProgress) => void) | undefined;
}

export interface AuditProgress {
  /** The equations that are checked now, by one reading of their tables. */
  readonly equations: readonly string[];
  /** Readings done, of how many. */
  readonly step: number;
  readonly steps: number;
  /** Rows that this reading looks at, as the database estimates them; accounts for a part of the ledger, seals for seals. */
  readonly rows: number;
  readonly done: boolean;
}

export interface AuditResult {
  readonly ok: boolean;
  readonly accounts: number;
  /** At most `limit` for each equation. */
  readonly violations: readonly Violation[];
  /** What the seals prove; absent when no seal key is configured or seals were not asked for. */
  readonly seals?: SealReport;
}

/**
 * Checks the equations over all accounts, or over those asked for. Reads only, each equation in one snapshot of its own,
 * so that it may run beside any load.
 * @throws invalid_request when an equation has no such name or number
 */
export async function audit(database: Database, input: AuditInput = {}, keys?: SealKeys): Promise<AuditResult> {
  const ranges = await rangesOf(database, input);
  const wanted = wantedNames(input.equations);
  const limit = input.limit ?? 100;
  if (!(Number.isInteger(limit) && limit >= 1)) throw invalid("limit must be a whole number from 1.");
  const groups = auditEquations.filter(({ names }) => names.some((name) => wanted.has(name)));
  const withSeals = keys !== undefined && wanted.has(SEAL_EQUATION.name);
  const steps = groups.length + (withSeals ? 1 : 0);
  const violations: Violation[] = [];
  let step = 0;
  const report = (equations: readonly string[], rows: number, done: boolean): void =>
    input.onProgress?.({ equations, step, steps, rows, done });
  for (const group of groups) {
    const names = group.names.filter((name) => wanted.has(name));
    const rows = ranges === undefined ? await estimatedRows(database, group.reads) : ranges.length;
    report(names, rows, false);
    for (const range of ranges ?? [undefined]) {
      const found = await database.transaction(async (tx) => {
        await tx.query("set transaction read only");
        return checkEquations(tx, group, range, limit);
      });
      violations.push(...found.filter(({ equation }) => wanted.has(equation)));
    }
    step += 1;
    report(names, rows, true);
  }
  let seals: SealReport | undefined;
  if (withSeals) {
    seals = sealsOf();
    for (const range of ranges ?? [undefined]) {
      const verified = await verifySeals(database, keys, range, limit, (checked) =>
        report([SEAL_EQUATION.name], checked, false),
      );
      seals = sealsOf(seals, verified);
    }
    step += 1;
    report([SEAL_EQUATION.name], seals.checked, true);
    violations.push(...seals.violations);
  }
  const accounts = await countAccounts(database, ranges);
  return { ok: violations.length === 0, accounts, violations, ...(seals !== undefined && { seals }) };
}

/** Checks one group of equations, over a range or all, in the given transaction, and changes how that one plans. */
export async function checkEquations(
  tx: Queryable,
  group: Equations,
  range: IdRange | undefined,
  limit: number,
): Promise<Violation[]> {
  // An aggregate over all accounts wants memory for its table, once: workers would each fill one of their own, and take
  // processors from those who spend. Compiling a query for one reading does not pay.
  await tx.query(
    `select set_config('work_mem', '128MB', true), set_config('max_parallel_workers_per_gather', '0', true),
       set_config('jit', 'off', true), set_config('enable_seqscan', $1, true)`,
    // A part of the ledger is reached by indexes, however cheap the planner thinks reading a table whole.
    [range === undefined ? "on" : "off"],
  );
  const of = group.walks === "entries" ? undefined : range;
  return readViolations(tx, group.number, group.sql({ ...sourcesOf(of), range, seed: randomSeed() }), limit);
}

// Of 47 bits, so that it is exact in a number, and in SQL a bigint with room to spare.
function randomSeed(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 17) * 2 ** 32 + low;
}

function wantedNames(equations: readonly string[] | undefined): ReadonlySet<string> {
  if (equations === undefined || equations.length === 0) return new Set(equationNames);
  return new Set(
    equations.flatMap((wanted) => {
      const names = /^\d+$/.test(wanted)
        ? [
            ...auditEquations.flatMap(({ number, names: all }) => (number === Number(wanted) ? all : [])),
            ...(Number(wanted) === SEAL_EQUATION.number ? [SEAL_EQUATION.name] : []),
          ]
        : equationNames.filter((name) => name === wanted);
      if (names.length === 0) throw invalid(`there is no equation ${wanted}; there are ${equationNames.join(", ")}.`);
      return names;
    }),
  );
}

/** The ranges of account ids asked for; undefined: all. */
async function rangesOf(database: Queryable, input: AuditInput): Promise<readonly IdRange[] | undefined> {
  if (input.accountIds !== undefined) {
    const { from, to } = input.accountIds;
    const range = { from: Number(from), to: Number(to) };
    if (!Number.isSafeInteger(range.from) || !Number.isSafeInteger(range.to)) {
      throw invalid("accountIds must be two whole numbers.");
    }
    return [range];
  }
  if (input.userId === undefined) return undefined;
  checkAccount({ userId: input.userId, unit: input.unit });
  const rows = await database.query<{ id: number }>(
    "select id from tallystick.user_credit where user_id = $1 and unit = coalesce($2, unit) order by id",
    [input.userId, input.unit ?? null],
  );
  return rows.map(({ id }) => ({ from: id, to: id }));
}

async function countAccounts(database: Queryable, ranges: readonly IdRange[] | undefined): Promise<number> {
  if (ranges === undefined) {
    const [all] = await database.query<{ accounts: number }>("select count(*) as accounts from tallystick.user_credit");
    return all?.accounts ?? 0;
  }
  const [range] = ranges;
  if (range === undefined || range.from === range.to) return ranges.length;
  const [row] = await database.query<{ accounts: number }>(
    "select count(*) as accounts from tallystick.user_credit where id between $1 and $2",
    [range.from, range.to],
  );
  return row?.accounts ?? 0;
}

async function estimatedRows(database: Queryable, tables: readonly string[]): Promise<number> {
  const [row] = await database.query<{ rows: number }>(
    `select coalesce(sum(greatest(reltuples, 0)), 0)::bigint as rows from pg_class
     where relnamespace = 'tallystick'::regnamespace and relname = any ($1)`,
    [tables],
  );
  return row?.rows ?? 0;
}
