// When credits can first be seen by another connection, which looks every few milliseconds.
import type { Pool } from "pg";
import { setTimeout } from "node:timers/promises";
import { quantile } from "../measure.ts";

const everyMs = 4;
const patienceMs = 60_000;

export interface Watch {
  /** From this moment on the user's first credits are waited for. */
  expect(userId: string): void;
  /** Waits for what is still expected, at most a minute. */
  finish(): Promise<{
    readonly seen: number;
    readonly missing: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
  }>;
}

export function watchCredits(pool: Pool): Watch {
  const expected = new Map<string, number>();
  const delays: number[] = [];
  let giveUpAt = Number.POSITIVE_INFINITY;

  async function look(): Promise<void> {
    while (giveUpAt === Number.POSITIVE_INFINITY || (expected.size > 0 && performance.now() < giveUpAt)) {
      const asked = [...expected.keys()];
      const { rows } = await pool.query<{ user_id: string }>(
        "select user_id from tallystick.user_credit where user_id = any ($1) and current_credits > 0",
        [asked],
      );
      const now = performance.now();
      for (const { user_id } of rows) {
        delays.push(now - (expected.get(user_id) ?? now));
        expected.delete(user_id);
      }
      await setTimeout(everyMs);
    }
  }

  const looking = look();
  return {
    expect: (userId) => void expected.set(userId, performance.now()),
    async finish() {
      giveUpAt = performance.now() + patienceMs;
      await looking;
      const sorted = Float64Array.from(delays).toSorted();
      return {
        seen: delays.length,
        missing: expected.size,
        p50Ms: quantile(sorted, 0.5),
        p99Ms: quantile(sorted, 0.99),
      };
    },
  };
}
