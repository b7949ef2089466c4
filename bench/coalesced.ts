// Consuming from one hot account by 32 callers at once: coalesced into batches, beside the floor on that account.
import pg from "pg";
import { coalesceConsume, createTallystick, defineCatalog } from "../src/index.ts";
import { createFloor, fillPlainTables } from "./consume/plain.ts";
import { measure, type Contender } from "./measure.ts";
import { report } from "./report.ts";

const concurrency = 32;
const lots = 3;
const rounds = 5;
const operations = 2000;

export async function benchCoalesced(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrency });
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  const coalesced = coalesceConsume(tally.credits);
  try {
    await tally.migrate();
    await fillPlainTables(pool, 1, lots);
    for (let lot = 1; lot <= lots; lot += 1) {
      const expiresAt = new Date(Date.now() + lot * 30 * 86_400_000);
      await tally.credits.grant({ userId: "hot", amount: 1_000_000, type: "purchase_package", expiresAt });
    }
    const request = (index: number) => ({ userId: "hot", amount: 1, idempotencyKey: `key-${index}` });
    const contenders: Contender[] = [
      { name: "floor: one UPDATE and one INSERT in a transaction", run: createFloor(pool, () => 0) },
      {
        name: "tallystick, each call by itself",
        run: async (index) => void (await tally.credits.consume(request(index))),
      },
      { name: "tallystick, coalesced", run: async (index) => void (await coalesced.consume(request(index))) },
    ];
    report(
      `consume, one hot account, ${concurrency} at once`,
      await measure(contenders, { rounds, operations, concurrency }),
    );
    const { ok } = await tally.credits.audit();
    console.log(`audit of the ledger afterwards: ${ok ? "clean" : "NOT CLEAN"}`);
  } finally {
    await coalesced.close();
    await tally.close();
    await pool.end();
  }
}
