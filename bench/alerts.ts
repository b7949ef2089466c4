// What alerts cost a consumption: the trigger taken away, without rules, with rules that are not crossed, and crossing a
// level with every second operation.
import pg from "pg";
import { createTallystick, defineCatalog, type Tallystick } from "../src/index.ts";
import { measure, type Contender } from "./measure.ts";
import { report } from "./report.ts";

const concurrency = 8;
const accounts = 1000;
const rounds = 7;
const operations = 2000;

export async function benchAlerts(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrency });
  const tally = createTallystick({
    database: pool,
    catalog: defineCatalog({}),
    alerts: [
      { kind: "low", amount: 100, unit: "watched" },
      { kind: "low", percent: 20, unit: "watched" },
      { kind: "exhausted", unit: "watched" },
      { kind: "low", amount: 1_000_000, unit: "crossing" },
    ],
  });
  try {
    await tally.migrate();
    await pool.query(
      `select tallystick.grant_credits('user-' || account, 1000000, 'purchase_package', unit)
       from generate_series(0, $1::integer - 1) as account, unnest('{bare,plain,watched,crossing}'::text[]) unit`,
      [accounts],
    );
    await pool.query("vacuum analyze");
    const contenders: Contender[] = [
      { name: "without the trigger", run: consumer(tally, "bare") },
      { name: "no rules", run: consumer(tally, "plain") },
      { name: "three rules, none crossed", run: consumer(tally, "watched") },
      { name: "every second one crosses", run: crossing(tally) },
    ];
    const prepare = async ({ name }: Contender): Promise<void> => {
      const state = name === "without the trigger" ? "disable" : "enable";
      await pool.query(`alter table tallystick.user_credit ${state} trigger user_credit_alert`);
    };
    report("consume with alerts", await measure(contenders, { rounds, operations, concurrency, prepare }));
  } finally {
    await tally.close();
    await pool.end();
  }
}

function consumer({ credits }: Pick<Tallystick, "credits">, unit: string): Contender["run"] {
  return async (index) => {
    await credits.consume({ userId: `user-${index % accounts}`, unit, amount: 1, idempotencyKey: `key-${index}` });
  };
}

// Down below the level and back up to it, in turns.
function crossing({ credits }: Pick<Tallystick, "credits">): Contender["run"] {
  return async (index) => {
    const account = { userId: `user-${(index >> 1) % accounts}`, unit: "crossing" };
    const idempotencyKey = `key-${index}`;
    if (index % 2 === 0) await credits.consume({ ...account, amount: 1, idempotencyKey });
    else await credits.grant({ ...account, amount: 1, type: "adjustment", idempotencyKey });
  };
}
