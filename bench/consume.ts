// Consuming credits: the ledger beside the least that any correct program must do, and beside the algorithm that
// templates ship. All through the same driver on the same server, a pool of the same size, each commit durable.
import pg from "pg";
import { createTallystick, defineCatalog, type Tallystick } from "../src/index.ts";
import { createFloor, createReference, fillPlainTables } from "./consume/plain.ts";
import { measure, type Contender } from "./measure.ts";
import { report } from "./report.ts";

const concurrency = 32;
const accounts = 10_000;
const lotsOfAnAccount = 3;
const rounds = 7;
const operations = 2000;

export async function benchConsume(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrency });
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  try {
    await tally.migrate();
    await fill(pool);
    for (const [title, accountOf] of [
      [`consume, ${accounts} accounts, ${concurrency} at once`, (index: number) => index % accounts],
      [`consume, one hot account, ${concurrency} at once`, () => 0],
    ] as const) {
      const contenders: Contender[] = [
        { name: "floor: one UPDATE and one INSERT in a transaction", run: createFloor(pool, accountOf) },
        { name: "tallystick: key, lots, allocations", run: consumer(tally, accountOf) },
        { name: "read, loop, write in a transaction (loses updates)", run: createReference(pool, accountOf) },
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
  return async (index) => {
    await credits.consume({ userId: `user-${accountOf(index)}`, amount: 1, idempotencyKey: `key-${index}` });
  };
}

/** The same accounts with the same lots on both sides. */
async function fill(pool: pg.Pool): Promise<void> {
  await fillPlainTables(pool, accounts, lotsOfAnAccount);
  await pool.query(
    `select tallystick.grant_credits('user-' || account, 1000000, 'purchase_package',
       p_expires_at => clock_timestamp() + make_interval(days => 30 * lot))
     from generate_series(0, $1::integer - 1) as account, generate_series(1, $2::integer) as lot`,
    [accounts, lotsOfAnAccount],
  );
  await pool.query("vacuum analyze");
}
