// The long run: `npm run test:chaos -- --events 10000 --customers 300 --kills 50`. CHAOS_SEED replays its choices. Exit
// status 1 where anything differs.
import { randomInt } from "node:crypto";
import process from "node:process";
import { parseArgs } from "node:util";
import { describeReport, holds } from "./report.ts";
import { runChaos } from "./run-chaos.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "10000" },
    customers: { type: "string", default: "300" },
    kills: { type: "string", default: "50" },
    restarts: { type: "string", default: "5" },
    cuts: { type: "string", default: "60" },
    ticks: { type: "string", default: "60" },
  },
});
const seed = Number(process.env["CHAOS_SEED"] ?? randomInt(2 ** 31));
console.log(`CHAOS_SEED=${seed}`);
// So that what was started ends with an interrupt as well: the janitor and the application wait for this process's end.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const began = performance.now();
const report = await runChaos({
  seed,
  events: Number(values.events),
  customers: Number(values.customers),
  faults: {
    kills: Number(values.kills),
    restarts: Number(values.restarts),
    cuts: Number(values.cuts),
    ticks: Number(values.ticks),
  },
  receiverFaults: { failRate: 0.04, pauseRate: 0.02, hangRate: 0.002 },
  onProgress(line) {
    console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`);
  },
});
console.log(describeReport(report));
process.exitCode = holds(report) ? 0 : 1;
