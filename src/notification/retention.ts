// Retention: notifications told long ago are removed in small batches. Their keys stay, as digests, so that what was
// announced once is never announced again.
import type { Database } from "../db/database.ts";
import { removeInBatches } from "../tasks/retention.ts";

/** Removes what was sent before so many days, until none is left or the time is over. Safe when called twice at once. */
export async function removeTold(database: Database, days: number, budgetMs: number): Promise<number> {
  return removeInBatches(async (batch) => {
    const [row] = await database.query<{ count: number }>(
      "select tallystick.remove_told_notifications($1, $2) as count",
      [days, batch],
    );
    return row?.count ?? 0;
  }, budgetMs);
}
