// One hot account under sustained load: the ledger beside the floor in slices that alternate, so that a rate which sinks
// with the dead row versions that pile up is seen against one that meets the same machine.
import pg from "pg";
import { createTallystick, defineCatalog } from "../src/index.ts";
import { table } from "../src/cli/table.ts";
import { createFloor, fillPlainTables } from "./consume/plain.ts";
import type { Contender } from "./measure.ts";

const concurrency = 32;
const sliceSeconds = 5;
/** Sixty seconds of each. */
const slices = 12;

export async function benchHotAccount(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrency });
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  try {
    await tally.migrate();
    await fillPlainTables(pool, 1, 3);
    for (let lot = 1; lot <= 3; lot += 1) {
      await tally.credits.grant({ userId: "hot", amount: 1_000_000, type: "purchase_package", priority: lot });
    }
    const floor = createFloor(pool, () => 0);
    const ledger: Contender["run"] = async (index) => {
      await tally.credits.consume({ userId: "hot", amount: 1, idempotencyKey: `key-${index}` });
    };
    let index = 0;
    const rates: { floor: number; ledger: number }[] = [];
    for (let slice = 0; slice < slices; slice += 1) {
      const rate = { floor: 0, ledger: 0 };
      // Another one begins each time.
      const order = slice % 2 === 0 ? (["floor", "ledger"] as const) : (["ledger", "floor"] as const);
      for (const name of order) {
        const [perSecond, next] = await sustain(name === "floor" ? floor : ledger, index);
        rate[name] = perSecond;
        index = next;
      }
      rates.push(rate);
    }
    const third = slices / 3;
    const rows = (
      [
        ["first third", rates.slice(0, third)],
        ["middle third", rates.slice(third, 2 * third)],
        ["last third", rates.slice(2 * third)],
        ["all", rates],
      ] as const
    ).map(([name, part]) => {
      const [floors, ledgers] = [mean(part.map((rate) => rate.floor)), mean(part.map((rate) => rate.ledger))];
      return [name, Math.round(floors), Math.round(ledgers), `${(ledgers / floors).toFixed(2)}×`];
    });
    console.log(
      `\nconsume, one hot account, ${concurrency} at once, ${slices * sliceSeconds} s of each in slices of ${sliceSeconds} s\n${table(
        ["", "floor per second", "tallystick per second", "speed beside the floor"],
        rows,
        "",
      )}`,
    );
    const { ok } = await tally.credits.audit();
    console.log(`audit of the ledger afterwards: ${ok ? "clean" : "NOT CLEAN"}`);
  } finally {
    await tally.close();
    await pool.end();
  }
}

async function sustain(run: Contender["run"], first: number): Promise<[perSecond: number, next: number]> {
  let next = first;
  const began = performance.now();
  const until = began + sliceSeconds * 1000;
  await Promise.all(
    Array.from({ length: concurrency }, async (_none, lane) => {
      while (performance.now() < until) await run(next++, lane);
    }),
  );
  return [((next - first) * 1000) / (performance.now() - began), next];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
