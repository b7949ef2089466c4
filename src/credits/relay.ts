// A relay: what the database noted in the transactions of the ledger is told, at least once each, in transactions of its
// own. Hooks run first, each in a savepoint; what is told is settled by the transaction that tells it.
import type { Database, Queryable } from "../db/database.ts";
import { redactedMessage } from "../kernel/logger.ts";
import { runBatches, type BudgetInput } from "./batches.ts";

export interface RelayResult {
  readonly relayed: number;
  /** Those whose hook threw: they are tried again, after a wait that doubles up to an hour. */
  readonly failed: number;
}

export type RelayHook<Item> = (item: Item, context: { readonly tx: Queryable }) => Promise<void> | void;

export interface HookFailure<Item> {
  readonly item: Item;
  readonly error: string;
}

export interface RelayPlan<Item> {
  /** Whether anything waits; asked before a transaction is opened. */
  isDue(): Promise<boolean>;
  /** Takes items for the length of the transaction. `claimed` counts what was looked at, so that 0 ends the run. */
  claim(tx: Queryable, batchSize: number): Promise<{ readonly claimed: number; readonly items: readonly Item[] }>;
  readonly hook?: RelayHook<Item> | undefined;
  readonly onHookFailure: (item: Item, error: unknown) => void;
  /** Items that are told in their order, and not past one whose hook threw: those of which this answers the same. */
  orderOf?(item: Item): unknown;
  /** Tells what the hooks have taken. Called once a batch, after all hooks. */
  tell(tx: Queryable, items: readonly Item[]): Promise<void>;
  settle(tx: Queryable, told: readonly Item[], failures: readonly HookFailure<Item>[]): Promise<void>;
}

const RELAY_BATCH = 100;

/** Tells what was noted and not told. Safe when called twice at once or stopped at any point. */
export async function runRelay<Item>(
  database: Database,
  plan: RelayPlan<Item>,
  budget: BudgetInput = {},
): Promise<RelayResult> {
  if (!(await plan.isDue())) return { relayed: 0, failed: 0 };
  let failed = 0;
  const { done } = await runBatches(
    { batchSize: RELAY_BATCH, ...budget },
    {
      runBatch: async (batchSize) => {
        const batch = await database.transaction(async (tx) => relayBatch(tx, batchSize, plan));
        return { done: batch.relayed, failed: batch.failed, next: batch.claimed > 0 ? {} : null };
      },
    },
    (batch) => {
      failed += batch.failed;
    },
  );
  return { relayed: done, failed };
}

async function relayBatch<Item>(
  tx: Queryable,
  batchSize: number,
  plan: RelayPlan<Item>,
): Promise<RelayResult & { readonly claimed: number }> {
  const { claimed, items } = await plan.claim(tx, batchSize);
  const told: Item[] = [];
  const failures: HookFailure<Item>[] = [];
  const stopped = new Set<unknown>();
  for (const item of items) {
    const order = plan.orderOf?.(item);
    if (order !== undefined && stopped.has(order)) continue;
    const error = await callHook(tx, item, plan);
    if (error === undefined) {
      told.push(item);
    } else {
      failures.push({ item, error });
      stopped.add(order);
    }
  }
  // After all hooks: they may lock accounts, and the outbox locks its lanes, which come after accounts. A failure here is
  // the database's and undoes the batch with its hooks.
  if (told.length > 0) await plan.tell(tx, told);
  await plan.settle(tx, told, failures);
  return { claimed, relayed: told.length, failed: failures.length };
}

// Answers what went wrong, when something did. A rollback that fails throws: the transaction is gone.
async function callHook<Item>(tx: Queryable, item: Item, plan: RelayPlan<Item>): Promise<string | undefined> {
  if (plan.hook === undefined) return undefined;
  await tx.query("savepoint tallystick_relay");
  try {
    await plan.hook(item, { tx });
    await tx.query("release savepoint tallystick_relay");
    return undefined;
  } catch (error) {
    await tx.query("rollback to savepoint tallystick_relay");
    plan.onHookFailure(item, error);
    return redactedMessage(error).slice(0, 1000);
  }
}
