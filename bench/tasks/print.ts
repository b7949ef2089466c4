// The results as tables, each system beside the first.
import { table } from "../../src/cli/table.ts";
import type { PartResult } from "./parts.ts";

const limitMs = 5;

export function print(part: PartResult): void {
  console.log(`\n${part.title}`);
  if (part.kind === "rates") printRates(part.rows);
  else if (part.kind === "latency") printLatencies(part.rows);
  else printClaims(part.result);
}

function printRates(rows: Extract<PartResult, { kind: "rates" }>["rows"]): void {
  const first = rows[0]?.perSecond ?? Number.NaN;
  const cells = rows.map(({ name, perSecond }) => [name, Math.round(perSecond), `${(perSecond / first).toFixed(2)}×`]);
  console.log(table(["", "per second", "speed beside the first"], cells, ""));
}

function printLatencies(rows: Extract<PartResult, { kind: "latency" }>["rows"]): void {
  const first = rows[0]?.p50Ms ?? Number.NaN;
  const cells = rows.map(({ name, p50Ms, p99Ms }) => [
    name,
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    `${(p50Ms / first).toFixed(2)}×`,
  ]);
  console.log(table(["", "p50 ms", "p99 ms", "p50 beside the first"], cells, ""));
}

function printClaims({
  rows,
  removed,
  removedPerSecond,
  megabytes,
}: Extract<PartResult, { kind: "claims" }>["result"]): void {
  const cells = rows.map(({ name, claims, medianMs, p99Ms, maxMs }) => [
    name,
    claims,
    `${medianMs.toFixed(2)}${medianMs < limitMs ? "" : ` NOT BELOW ${limitMs}`}`,
    p99Ms.toFixed(2),
    maxMs.toFixed(2),
  ]);
  console.log(table(["", "claims", "median ms", "p99 ms", "max ms"], cells, ""));
  console.log(
    `${removed} old tasks removed, ${Math.round(removedPerSecond)} a second beside the claims; tasks and attempts with their ` +
      `indexes: ${megabytes.before} MB before, ${megabytes.removed} MB after removal and vacuum, ${megabytes.refilled} MB ` +
      "when as many have come anew",
  );
}
