// `npm run bench [consume] [webhook] [expire] [distribute] [-- --full]`: all benchmarks on one Postgres, in one run; with
// --full at the sizes that the documentation names. Ratios can be compared between
// machines; absolute numbers can't.
import { benchConsume } from "./consume.ts";
import { withBenchDatabase } from "./database.ts";
import { environmentLine } from "./environment.ts";
import { benchDistribute } from "./distribute.ts";
import { benchExpire } from "./expire.ts";
import { benchWebhook } from "./webhook.ts";

const benches = {
  consume: benchConsume,
  webhook: benchWebhook,
  expire: benchExpire,
  distribute: benchDistribute,
} as const;
const full = process.argv.includes("--full");
const wanted = process.argv.slice(2).filter((word) => word !== "--full");
const unknown = wanted.find((name) => !(name in benches));

if (unknown === undefined) {
  await withBenchDatabase(async (databaseUrl) => {
    console.log(await environmentLine(databaseUrl));
    for (const [name, bench] of Object.entries(benches)) {
      if (wanted.length === 0 || wanted.includes(name)) await bench(databaseUrl, full);
    }
  });
} else {
  console.error(`There is no benchmark ${unknown}; there are ${Object.keys(benches).join(", ")}.`);
  process.exitCode = 2;
}
