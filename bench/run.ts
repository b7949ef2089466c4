// `npm run bench [name]…`: all benchmarks or those named, each in a database of its own. Ratios can be compared between
// machines; absolute numbers can't.
import { benchAlerts } from "./alerts.ts";
import { benchAudit } from "./audit.ts";
import { benchCoalesced } from "./coalesced.ts";
import { benchConsume } from "./consume.ts";
import { benchConsumeMany } from "./consume-many.ts";
import { withBenchDatabase } from "./database.ts";
import { environmentLine } from "./environment.ts";
import { benchWebhook } from "./webhook.ts";

const benches = {
  consume: benchConsume,
  "consume-many": benchConsumeMany,
  coalesced: benchCoalesced,
  webhook: benchWebhook,
  alerts: benchAlerts,
  audit: benchAudit,
} as const;
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in benches));

if (unknown === undefined) {
  for (const [name, bench] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await withBenchDatabase(async (databaseUrl) => {
      console.log(await environmentLine(databaseUrl));
      await bench(databaseUrl);
    });
  }
} else {
  console.error(`There is no benchmark ${unknown}; there are ${Object.keys(benches).join(", ")}.`);
  process.exitCode = 2;
}
