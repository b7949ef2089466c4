// A consumer beside other work: one client that spends on random accounts, also on those that the work has in hand.
import pg from "pg";
import { quantile } from "../measure.ts";

export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Spends until the work is over. The accounts are filled so that each can pay. */
export async function spendBeside(
  databaseUrl: string,
  accounts: number,
  work: () => Promise<unknown>,
): Promise<Latencies> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const state = { over: false };
  const done = work().finally(() => (state.over = true));
  const latencies: number[] = [];
  try {
    while (!state.over) {
      const user = `user-${Math.floor(Math.random() * accounts)}`;
      const began = performance.now();
      const { rows } = await client.query<{ outcome: string }>(
        "select tallystick.consume_credits($1, 1) ->> 'outcome' as outcome",
        [user],
      );
      latencies.push(performance.now() - began);
      if (rows[0]?.outcome !== "ok") throw new Error(`the consumer was told ${rows[0]?.outcome}`);
    }
    await done;
  } finally {
    await client.end();
  }
  const sorted = Float64Array.from(latencies).toSorted();
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}
