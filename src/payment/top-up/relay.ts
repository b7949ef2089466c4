// Looks at the accounts that went below their level, and at those whose wait is over, and begins the top-ups that are due.
import type { Database } from "../../db/database.ts";
import type { EffectContext } from "../effects/context.ts";

export interface TopUpRelay {
  readonly database: Database;
  readonly maxAttempts: number;
  readonly announce: EffectContext["announce"];
}

interface Begun {
  readonly outcome: "none" | "in_flight" | "closed" | "enough" | "backing_off" | "limit_reached" | "started";
  readonly accountId: number;
  readonly userId: string;
  readonly maxPerMonth: number;
  readonly againAt: string | null;
  readonly month: string;
}

const BATCH = 100;

/** Safe when called twice at once or stopped at any point: whether one begins is decided under the account's lock. */
export async function beginTopUps(relay: TopUpRelay, budgetMs: number): Promise<{ readonly begun: number }> {
  const deadline = performance.now() + budgetMs;
  const seen = new Set<number>();
  const failures: unknown[] = [];
  let begun = 0;
  for (;;) {
    const due = await relay.database.query<{ id: number }>("select tallystick.due_top_ups($1) as id", [BATCH]);
    const ids = due.map(({ id }) => id).filter((id) => !seen.has(id));
    if (ids.length === 0) break;
    for (const id of ids) {
      seen.add(id);
      // One account that is locked for long holds up no other.
      const outcome = await begin(relay, id).catch((error: unknown) => void failures.push(error));
      if (outcome === "started") begun += 1;
      if (performance.now() >= deadline) return finish(begun, failures);
    }
  }
  return finish(begun, failures);
}

async function begin({ database, maxAttempts, announce }: TopUpRelay, accountId: number): Promise<Begun["outcome"]> {
  return database.transaction(async (tx) => {
    const [row] = await tx.query<{ begun: Begun }>("select tallystick.begin_top_up($1, $2) as begun", [
      accountId,
      maxAttempts,
    ]);
    const begun = row?.begun;
    if (begun?.outcome === "limit_reached" && begun.againAt !== null) {
      const { userId, maxPerMonth, month } = begun;
      await announce(tx, {
        kind: "top_up.limit_reached",
        key: `top_up.limit_reached:${accountId}:${month}`,
        userId,
        maxPerMonth,
        resetsAt: new Date(begun.againAt),
      });
    }
    return begun?.outcome ?? "none";
  });
}

function finish(begun: number, failures: readonly unknown[]): { readonly begun: number } {
  if (failures.length > 0) throw failures[0];
  return { begun };
}
