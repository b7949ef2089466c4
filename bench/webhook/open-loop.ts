// An open loop: requests begin at their times, whether or not those before them were answered. Latency counts from the
// time at which a request was to begin, so that a server that stalls is not flattered.
import { setTimeout } from "node:timers/promises";
import { quantile } from "../measure.ts";

export interface OpenLoopInput {
  readonly perSecond: number;
  readonly seconds: number;
  /** Resolves when the request is answered. */
  readonly send: (index: number) => Promise<void>;
}

export interface OpenLoopResult {
  readonly sent: number;
  readonly failed: number;
  readonly answeredPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function openLoop({ perSecond, seconds, send }: OpenLoopInput): Promise<OpenLoopResult> {
  const count = Math.round(perSecond * seconds);
  const latencies: number[] = [];
  let failed = 0;
  const began = performance.now();
  const requests: Promise<void>[] = [];
  const request = async (index: number, due: number): Promise<void> => {
    try {
      await send(index);
      latencies.push(performance.now() - due);
    } catch {
      failed += 1;
    }
  };
  for (let index = 0; index < count;) {
    // A timer is good to a millisecond: what has come due since the last one begins together.
    for (; index < count; index += 1) {
      const due = began + (index * 1000) / perSecond;
      if (due > performance.now()) break;
      requests.push(request(index, due));
    }
    await setTimeout(1);
  }
  await Promise.all(requests);
  const sorted = Float64Array.from(latencies).toSorted();
  return {
    sent: count,
    failed,
    answeredPerSecond: (latencies.length * 1000) / (performance.now() - began),
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
}
