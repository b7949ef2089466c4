// The ledger proved by itself: runs that walk over all accounts in steps of about half a second, as far as each tick has
// time, and remember where they stand. A step and its place commit together; whoever comes second leaves it to the first.
import type { Database, Queryable } from "../../db/database.ts";
import { checkEquations } from "../audit.ts";
import { sealBatch } from "../seal.ts";
import type { SealKeys } from "../seal/keys.ts";
import { verifySeals } from "../seal/verify.ts";
import { auditEquations } from "./equations.ts";
import type { Violation } from "./violation.ts";

export interface WatchInput {
  readonly budgetMs: number;
  /** From the beginning of one run to that of the next. */
  readonly intervalMs: number;
  readonly keys: SealKeys | undefined;
  /** Called in the transaction of each step that found something, with the run and what it found. */
  readonly onFailed: (tx: Queryable, runId: number, violations: readonly Violation[]) => Promise<void>;
}

export interface WatchResult {
  /** Steps taken now. */
  readonly steps: number;
  readonly violations: number;
  /** True when no run is open: the last one came to its end and the next is not due. */
  readonly complete: boolean;
  readonly [count: string]: unknown;
}

type Kind = "audit" | "seal";
type Walk = "accounts" | "entries" | "seals";

interface Run {
  readonly id: number;
  readonly walk: Walk;
  readonly next_id: number;
  readonly last_id: number;
  readonly step_size: number;
}

/** Goes on with the audit, or begins one that is due. */
export async function watch(database: Database, input: WatchInput): Promise<WatchResult> {
  return takeSteps(database, "audit", input, async (tx, run) => auditStep(tx, run, input));
}

/** Goes on with sealing, or begins it when it is due. */
export async function watchSeals(database: Database, input: WatchInput & { keys: SealKeys }): Promise<WatchResult> {
  return takeSteps(database, "seal", input, async (tx, run) => {
    const { found, after } = await sealBatch(tx, input.keys, run.next_id - 1, run.step_size);
    await advance(tx, run, found === 0 ? run.last_id + 1 : after + 1, run.step_size, []);
    return 0;
  });
}

async function takeSteps(
  database: Database,
  kind: Kind,
  { budgetMs, intervalMs }: WatchInput,
  takeStep: (tx: Queryable, run: Run) => Promise<number>,
): Promise<WatchResult> {
  const deadline = performance.now() + budgetMs;
  await begin(database, kind, intervalMs);
  let [steps, violations] = [0, 0];
  let isOpen = true;
  do {
    const found = await database.transaction(async (tx) => {
      const [run] = await tx.query<Run>(
        `select id, walk, next_id, last_id, step_size from tallystick.credit_proof_run
         where kind = $1 and finished_at is null for update skip locked`,
        [kind],
      );
      return run === undefined ? undefined : takeStep(tx, run);
    });
    isOpen = found !== undefined;
    if (found !== undefined) {
      steps += 1;
      violations += found;
    }
  } while (isOpen && performance.now() < deadline);
  return { steps, violations, complete: !isOpen };
}

const stepSizes: Readonly<Record<Walk, number>> = { accounts: 500, entries: 20_000, seals: 500 };

async function begin(database: Queryable, kind: Kind, intervalMs: number): Promise<void> {
  // The interval is counted from beginning to beginning, less a little, so that a daily tick does not slip by a day.
  await database.query(
    `insert into tallystick.credit_proof_run (kind, walk, next_id, last_id, step_size, started_at)
     select $1, 'accounts', coalesce(min(id), 1), coalesce(max(id), 0), $3, tallystick.clock()
     from tallystick.user_credit
     having not exists (select from tallystick.credit_proof_run last
       where last.kind = $1 and last.started_at > (select tallystick.clock()) - make_interval(secs => $2::float8 * 0.98))
     on conflict (kind) where finished_at is null do nothing`,
    [kind, intervalMs / 1000, kind === "seal" ? 2_000 : stepSizes.accounts],
  );
  await database.query(
    `delete from tallystick.credit_proof_run
     where kind = $1 and finished_at < (select tallystick.clock()) - interval '90 days'`,
    [kind],
  );
}

async function auditStep(tx: Queryable, run: Run, { keys, onFailed }: WatchInput): Promise<number> {
  const began = performance.now();
  const range = { from: run.next_id, to: Math.min(run.next_id + run.step_size - 1, run.last_id) };
  const violations: Violation[] = [];
  if (run.walk === "seals") {
    if (keys !== undefined) violations.push(...(await verifySeals(tx, keys, range, 100)).violations);
  } else {
    for (const group of auditEquations) {
      if ((group.walks === "entries") !== (run.walk === "entries")) continue;
      violations.push(...(await checkEquations(tx, group, range, 100)));
    }
  }
  const tookMs = performance.now() - began;
  const factor = tookMs < 250 ? 2 : tookMs > 1_000 ? 0.5 : 1;
  const size = Math.max(1, Math.min(1_000_000, Math.round(run.step_size * factor)));
  await advance(tx, run, range.to + 1, size, violations);
  if (violations.length > 0) await onFailed(tx, run.id, violations);
  return violations.length;
}

async function advance(
  tx: Queryable,
  run: Run,
  nextId: number,
  stepSize: number,
  violations: readonly Violation[],
): Promise<void> {
  await tx.query(
    `update tallystick.credit_proof_run set next_id = $2, step_size = $3, steps = steps + 1, violations = violations + $4,
       findings = case when jsonb_array_length(findings) < 20 then findings || $5::jsonb else findings end,
       finished_at = case when $2 > last_id and (walk = 'seals' or kind = 'seal') then tallystick.clock() end
     where id = $1`,
    // Without user ids: findings are kept for months, and an account's number finds its user as long as there is one.
    [
      run.id,
      nextId,
      stepSize,
      violations.length,
      JSON.stringify(violations.slice(0, 20).map((violation) => ({ ...violation, userId: undefined }))),
    ],
  );
  // What lies beyond an account's rows: lots, draws and entries whose owner is gone; then the seals.
  await tx.query(
    `update tallystick.credit_proof_run set walk = 'entries', step_size = $2,
       next_id = least((select min(id) from tallystick.credit_transaction), (select min(id) from tallystick.credit_lot),
         (select min(transaction_id) from tallystick.credit_allocation), 1),
       last_id = coalesce(greatest((select max(id) from tallystick.credit_transaction), (select max(id) from tallystick.credit_lot),
         (select max(transaction_id) from tallystick.credit_allocation), (select max(hold_id) from tallystick.credit_hold_lot)), 0)
     where id = $1 and kind = 'audit' and walk = 'accounts' and $3 = 'accounts' and next_id > last_id`,
    [run.id, stepSizes.entries, run.walk],
  );
  await tx.query(
    `update tallystick.credit_proof_run set walk = 'seals', step_size = $2,
       (next_id, last_id) = (select coalesce(min(account_id), 1), coalesce(max(account_id), 0) from tallystick.credit_seal)
     where id = $1 and kind = 'audit' and walk = 'entries' and $3 = 'entries' and next_id > last_id`,
    [run.id, stepSizes.seals, run.walk],
  );
}
