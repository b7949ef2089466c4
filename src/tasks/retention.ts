// Retention: rows that ended long ago are removed in small batches.
import type { Database } from "../db/database.ts";

const BATCH = 500;

/** Calls `remove` until less than a batch was there or the time is over. Safe when called twice at once. */
export async function removeInBatches(remove: (batch: number) => Promise<number>, budgetMs: number): Promise<number> {
  const deadline = performance.now() + budgetMs;
  let removed = 0;
  for (;;) {
    const count = await remove(BATCH);
    removed += count;
    if (count < BATCH || performance.now() >= deadline) return removed;
  }
}

/** Removes tasks of these names that were done or cancelled so many days ago. Their dedupe keys stay taken. */
export async function removeEndedTasks(
  database: Database,
  { names, days }: { readonly names: readonly string[]; readonly days: number },
  budgetMs: number,
): Promise<number> {
  return removeInBatches(async (batch) => {
    const [row] = await database.query<{ count: number }>("select tallystick.remove_ended_tasks($1, $2, $3) as count", [
      names,
      days,
      batch,
    ]);
    return row?.count ?? 0;
  }, budgetMs);
}
