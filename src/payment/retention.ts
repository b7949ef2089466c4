// Retention of events: what they tell is needed while they may be handled again, that they came for ever.
import type { Database } from "../db/database.ts";
import { removeInBatches } from "../tasks/retention.ts";

/** Removes the bodies, and the tasks, of events that were received so many days ago and have had their effect. */
export async function removeEventBodies(database: Database, days: number, budgetMs: number): Promise<number> {
  return removeInBatches(async (batch) => {
    const [row] = await database.query<{ count: number }>("select tallystick.remove_event_bodies($1, $2) as count", [
      days,
      batch,
    ]);
    return row?.count ?? 0;
  }, budgetMs);
}
