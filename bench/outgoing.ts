// What a subscription to the journal costs whoever spends: nobody subscribed, somebody to other entries, somebody to these.
// In turns on one database, whose trigger is made and dropped in between.
import pg from "pg";
import { watchEntries } from "../src/credits/entry-relay.ts";
import { connect } from "../src/db/database.ts";
import { createTallystick, defineCatalog } from "../src/index.ts";
import { measure, type Contender } from "./measure.ts";
import { report } from "./report.ts";

const concurrency = 32;
const accounts = 10_000;
const subscriptions: Readonly<Record<string, readonly string[]>> = {
  "nobody subscribed": [],
  "subscribed to credits.granted": ["credits.granted"],
  "subscribed to credits.consumed": ["credits.consumed"],
};

export async function benchOutgoing(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrency });
  const database = connect(pool);
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  try {
    await tally.migrate();
    await pool.query(
      `select tallystick.grant_credits('user-' || account, 1000000, 'purchase_package')
       from generate_series(0, $1::integer - 1) as account`,
      [accounts],
    );
    await pool.query("vacuum analyze");
    const run: Contender["run"] = async (index) => {
      await tally.credits.consume({ userId: `user-${index % accounts}`, amount: 1, idempotencyKey: `key-${index}` });
    };
    const contenders = Object.keys(subscriptions).map((name) => ({ name, run }));
    const measured = await measure(contenders, {
      rounds: 7,
      operations: 2000,
      concurrency,
      async prepare({ name }) {
        await pool.query("truncate tallystick.credit_outbox");
        await watchEntries(database, "endpoints", subscriptions[name] ?? []);
      },
    });
    report(`consume, ${accounts} accounts, ${concurrency} at once`, measured);
  } finally {
    await tally.close();
    await pool.end();
  }
}
