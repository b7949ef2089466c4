// Reconciling by itself: once a day over a window that overlaps the last, as far as each tick has time.
import type { Database, Queryable } from "../../db/database.ts";
import type { PaymentProvider } from "../provider.ts";
import { IN_FLIGHT_MS, reconcile, total, type ReconcileReport } from "./reconcile.ts";

export interface WatchOptions {
  readonly intervalMs: number;
  readonly maxAttempts: number;
  /** Told in the transaction that ends a run which found something. */
  readonly onFound: (tx: Queryable, found: ReconcileFound) => Promise<void>;
}

export interface ReconcileFound {
  readonly key: string;
  readonly provider: string;
  readonly since: Date;
  readonly until: Date;
  readonly seen: number;
  readonly missing: number;
  readonly problems: readonly string[];
}

export interface WatchResult {
  readonly seen: number;
  readonly missing: number;
  readonly complete: boolean;
  readonly [count: string]: unknown;
}

interface Run {
  readonly since: Date;
  readonly until: Date;
  readonly position: string | null;
}

// What happened while the last run was under way, and what is listed late, is looked at again.
const OVERLAP_MS = 6 * 3_600_000;
const FIRST_WINDOW_MS = 3 * 86_400_000;
const LEASE_MS = 120_000;

/** Goes on with the run of a provider, or begins one that is due; does nothing while another process is at it. */
export async function watchProvider(
  database: Database,
  provider: PaymentProvider,
  budgetMs: number,
  { intervalMs, maxAttempts, onFound }: WatchOptions,
): Promise<WatchResult> {
  const run = await claim(database, provider.name, intervalMs);
  if (run === undefined) return { seen: 0, missing: 0, complete: true };
  const { since, until, position } = run;
  let report: ReconcileReport;
  try {
    const input = { since, until, position: position ?? undefined, budgetMs: Math.min(budgetMs, LEASE_MS / 2) };
    report = await reconcile(database, provider, input, maxAttempts);
  } catch (error) {
    await release(database, provider.name);
    throw error;
  }
  const [seen, missing] = [total(report.seen), total(report.missing)];
  await database.transaction(async (tx) => {
    const [row] = await tx.query<{ seen: number; missing: number }>(
      `update tallystick.payment_reconcile set position = $2, seen = seen + $3, missing = missing + $4,
         lease_until = '-infinity', finished_at = case when $2::text is null then tallystick.clock() end
       where provider = $1 and since = $5 and finished_at is null returning seen, missing`,
      [provider.name, report.position, seen, missing, since],
    );
    if (row === undefined || report.position !== null || (row.missing === 0 && report.problems.length === 0)) return;
    const key = `payment.events_missed:${provider.name}:${until.toISOString()}`;
    await onFound(tx, { key, provider: provider.name, since, until, ...row, problems: report.problems });
  });
  return { seen, missing, complete: report.position === null };
}

async function claim(database: Database, provider: string, intervalMs: number): Promise<Run | undefined> {
  // The interval is counted from beginning to beginning, less a little, so that a daily tick does not slip by a day.
  const [run] = await database.query<Run>(
    `insert into tallystick.payment_reconcile as run (provider, since, until, started_at, lease_until)
     select $1, at - make_interval(secs => $2), at - make_interval(secs => $3), at, at + make_interval(secs => $4)
     from date_trunc('milliseconds', tallystick.clock()) at
     on conflict (provider) do update set
       since = case when run.finished_at is null then run.since else run.until - make_interval(secs => $5) end,
       until = case when run.finished_at is null then run.until else excluded.until end,
       position = case when run.finished_at is null then run.position end,
       seen = case when run.finished_at is null then run.seen else 0 end,
       missing = case when run.finished_at is null then run.missing else 0 end,
       started_at = case when run.finished_at is null then run.started_at else excluded.started_at end,
       finished_at = null, lease_until = excluded.lease_until
     where run.lease_until < excluded.started_at
       and (run.finished_at is null or run.started_at <= excluded.started_at - make_interval(secs => $6))
     returning since, until, position`,
    [
      provider,
      FIRST_WINDOW_MS / 1000,
      IN_FLIGHT_MS / 1000,
      LEASE_MS / 1000,
      OVERLAP_MS / 1000,
      (intervalMs / 1000) * 0.98,
    ],
  );
  return run;
}

async function release(database: Database, provider: string): Promise<void> {
  await database.query("update tallystick.payment_reconcile set lease_until = '-infinity' where provider = $1", [
    provider,
  ]);
}
