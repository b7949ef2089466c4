// `npm run bench [name]… [-- --full]`: all benchmarks or those named, each in a database of its own. With --full at the
// sizes that the documentation names, with --accounts=N at another. Ratios can be compared between machines; absolute
// numbers can't.
import { benchAlerts } from "./alerts.ts";
import { benchAudit } from "./audit.ts";
import { benchCoalesced } from "./coalesced.ts";
import { benchConsume } from "./consume.ts";
import { benchConsumeMany } from "./consume-many.ts";
import { withBenchDatabase } from "./database.ts";
import { benchDistribute } from "./distribute.ts";
import { environmentLine } from "./environment.ts";
import { benchExpire, type BenchSize } from "./expire.ts";
import { benchHotAccount } from "./hot-account.ts";
import { benchLanes } from "./lanes.ts";
import { benchOutgoing } from "./outgoing.ts";
import { benchReads } from "./reads.ts";
import { benchRetention } from "./retention.ts";
import { benchStorage } from "./storage.ts";
import { benchWebhook } from "./webhook.ts";
import { benchWebhooks } from "./webhooks.ts";

const benches = {
  consume: benchConsume,
  "consume-many": benchConsumeMany,
  "hot-account": benchHotAccount,
  coalesced: benchCoalesced,
  reads: benchReads,
  storage: benchStorage,
  webhook: benchWebhook,
  webhooks: benchWebhooks,
  lanes: benchLanes,
  retention: benchRetention,
  alerts: benchAlerts,
  outgoing: benchOutgoing,
  audit: benchAudit,
  expire: benchExpire,
  distribute: benchDistribute,
} as const;
const words = process.argv.slice(2);
const size: BenchSize = {
  full: words.includes("--full"),
  accounts: Number(words.find((word) => word.startsWith("--accounts="))?.slice("--accounts=".length)) || undefined,
};
const wanted = words.filter((word) => !word.startsWith("--"));
const unknown = wanted.find((name) => !(name in benches));

if (unknown === undefined) {
  for (const [name, bench] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await withBenchDatabase(async (databaseUrl) => {
      console.log(await environmentLine(databaseUrl));
      await bench(databaseUrl, size);
    });
  }
} else {
  console.error(`There is no benchmark ${unknown}; there are ${Object.keys(benches).join(", ")}.`);
  process.exitCode = 2;
}
