// A drain with the outboxes around it: what they hold becomes tasks before the drain, and what its tasks put there is told
// and delivered by the same call.
import type { Drain, DrainInput, DrainResult } from "./drain.ts";

const DEFAULT_BUDGET_MS = 10_000;

/** `relay` tells what outboxes hold, within a time, and answers how much that was. */
export function drainOutboxes(
  drain: Drain["drain"],
  relay: (budgetMs: number) => Promise<number>,
): (input?: DrainInput) => Promise<DrainResult> {
  return async ({ maxTasks = Number.POSITIVE_INFINITY, budgetMs = DEFAULT_BUDGET_MS } = {}) => {
    const deadline = performance.now() + budgetMs;
    const left = (): number => Math.max(0, deadline - performance.now());
    await relay(budgetMs);
    const first = await drain({ maxTasks, budgetMs: left() });
    if (first.processed === 0 || first.processed >= maxTasks || left() === 0) return first;
    if ((await relay(left())) === 0) return first;
    const second = await drain({ maxTasks: maxTasks - first.processed, budgetMs: left() });
    return {
      processed: first.processed + second.processed,
      done: first.done + second.done,
      failed: first.failed + second.failed,
      dead: first.dead + second.dead,
      remaining: second.remaining,
      nextRunAt: second.nextRunAt,
    };
  };
}
