// Consuming in batches: 1,000 items a call, beside the floor of one transaction an item, over many accounts and over one.
import pg from "pg";
import { createTallystick, defineCatalog, type Tallystick } from "../src/index.ts";
import { createFloor, fillPlainTables } from "./consume/plain.ts";
import { measure, type Contender } from "./measure.ts";
import { report } from "./report.ts";

const concurrency = 32;
const batchSize = 1000;
const batchesAtOnce = 2;
const accounts = 10_000;
const lotsOfAnAccount = 3;
const rounds = 5;
const operations = 4000;

export async function benchConsumeMany(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrency });
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  try {
    await tally.migrate();
    await fillPlainTables(pool, accounts, lotsOfAnAccount);
    await pool.query(
      `select tallystick.grant_credits('user-' || account, 1000000, 'purchase_package',
         p_expires_at => clock_timestamp() + make_interval(days => 30 * lot))
       from generate_series(0, $1::integer - 1) as account, generate_series(1, $2::integer) as lot`,
      [accounts, lotsOfAnAccount],
    );
    await pool.query("vacuum analyze");
    for (const [title, accountOf] of [
      [`consumeMany, ${accounts} accounts`, (index: number) => (index * 7919) % accounts],
      ["consumeMany, one hot account", () => 0],
    ] as const) {
      const contenders: Contender[] = [
        {
          name: `floor: one UPDATE and one INSERT in a transaction, ${concurrency} at once`,
          run: createFloor(pool, accountOf),
        },
        {
          name: `tallystick: ${batchSize} items a call, ${batchesAtOnce} calls at once`,
          run: consumer(tally, accountOf),
          batchSize,
          concurrency: batchesAtOnce,
        },
      ];
      report(title, await measure(contenders, { rounds, operations, concurrency }));
    }
    const { ok } = await tally.credits.audit();
    console.log(`audit of the ledger afterwards: ${ok ? "clean" : "NOT CLEAN"}`);
  } finally {
    await tally.close();
    await pool.end();
  }
}

function consumer({ credits }: Pick<Tallystick, "credits">, accountOf: (index: number) => number): Contender["run"] {
  return async (first) => {
    const items = Array.from({ length: batchSize }, (_none, place) => {
      const index = first + place;
      return { userId: `user-${accountOf(index)}`, amount: 1, idempotencyKey: `key-${index}` };
    });
    for (const outcome of await credits.consumeMany(items)) if (!outcome.ok) throw outcome.error;
  };
}
