// A drain with the outboxes around it: what they hold becomes tasks before the drain, and what its tasks put there is told
// and delivered by the same call.
import type { Drain, DrainInput, DrainResult } from "./drain.ts";

/** Tells what an outbox holds, within a time, and answers how much that was. */
export type Relay = (budgetMs: number) => Promise<number>;

const DEFAULT_BUDGET_MS = 10_000;

/** An outbox that can't be told of keeps neither the others nor the tasks from their turn; its error is thrown at the end. */
export function drainOutboxes(
  drain: Drain["drain"],
  relays: readonly Relay[],
): (input?: DrainInput) => Promise<DrainResult> {
  return async ({ maxTasks = Number.POSITIVE_INFINITY, budgetMs = DEFAULT_BUDGET_MS } = {}) => {
    const deadline = performance.now() + budgetMs;
    const left = (): number => Math.max(0, deadline - performance.now());
    const failures: unknown[] = [];
    const relayAll = async (): Promise<number> => {
      let told = 0;
      for (const relay of relays) {
        told += await relay(left()).catch((error: unknown) => {
          failures.push(error);
          return 0;
        });
      }
      return told;
    };
    const ended = (result: DrainResult): DrainResult => {
      if (failures.length > 0) throw failures[0];
      return result;
    };
    await relayAll();
    const first = await drain({ maxTasks, budgetMs: left() });
    if (first.processed === 0 || first.processed >= maxTasks || left() === 0) return ended(first);
    if ((await relayAll()) === 0) return ended(first);
    const second = await drain({ maxTasks: maxTasks - first.processed, budgetMs: left() });
    return ended({
      processed: first.processed + second.processed,
      done: first.done + second.done,
      failed: first.failed + second.failed,
      dead: first.dead + second.dead,
      remaining: second.remaining,
      nextRunAt: second.nextRunAt,
    });
  };
}
