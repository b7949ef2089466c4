// A worker as a process of its own: tells when each task's handler begins, on the clock that all processes share, and ends
// when its parent lets go of it.
import { latencySystems, type LatencyName } from "./latency-systems.ts";

const [name = "", databaseUrl = "", redisUrl = ""] = process.argv.slice(2);
const system = await latencySystems[name as LatencyName].open(
  { databaseUrl, redisUrl },
  {
    begun: ({ sample }) => process.send?.({ sample, at: String(process.hrtime.bigint()) }),
    ended: () => undefined,
  },
);
await system.work("idle");
process.once("disconnect", () => process.exit());
process.send?.("ready");
