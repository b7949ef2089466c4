// The results as a table, each contender beside the first.
import { table } from "../src/cli/table.ts";
import type { Measured } from "./measure.ts";

export function report(title: string, results: readonly Measured[]): void {
  const floor = results[0]?.perSecond ?? Number.NaN;
  const rows = results.map(({ name, perSecond, p50Ms, p99Ms }) => [
    name,
    Math.round(perSecond),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    `${(floor / perSecond).toFixed(2)}×`,
  ]);
  const columns = ["", "per second", "p50 ms", "p99 ms", "time beside the first"];
  console.log(`\n${title}\n${table(columns, rows, "")}`);
}
