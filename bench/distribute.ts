// Distributing a month: the ledger's set-based grants beside the algorithm that templates ship, which reads every user
// and grants to each in a transaction of its own, and beside the least that writing the same rows takes.
import pg from "pg";
import { table } from "../src/cli/table.ts";
import { createTallystick, defineCatalog } from "../src/index.ts";
import { fillEnrolments, fillUsers, referenceDistribute, writeBarely } from "./distribute/plain.ts";
import type { BenchSize } from "./expire.ts";
import { median } from "./measure.ts";

const referenceUsers = 500;
const batchSize = 2000;
const catalog = defineCatalog({ plans: [{ id: "free", name: "Free", credits: 50, validDays: 30 }] });

export async function benchDistribute(databaseUrl: string, { full, accounts: given }: BenchSize): Promise<void> {
  const accounts = given ?? (full ? 1_000_000 : 50_000);
  const rounds = full ? 1 : 5;
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  const tally = createTallystick({ database: pool, catalog });
  const ours: number[] = [];
  const reference: number[] = [];
  const bare: number[] = [];
  let growth = 0;
  try {
    await tally.migrate();
    for (let round = 0; round < rounds; round += 1) {
      await fillUsers(pool, referenceUsers);
      reference.push((await timed(async () => referenceDistribute(pool))) / referenceUsers);
      await fillEnrolments(pool, accounts);
      bare.push((await timed(async () => writeBarely(pool, batchSize))) / accounts);
      await fillEnrolments(pool, accounts);
      const before = process.memoryUsage().heapUsed;
      const elapsed = await timed(async () => {
        const { count, remaining } = await tally.credits.distribute({
          budgetMs: Number.POSITIVE_INFINITY,
          batchSize,
          onProgress: () => (growth = Math.max(growth, process.memoryUsage().heapUsed - before)),
        });
        if (count !== accounts || remaining !== 0) throw new Error(`${count} of ${accounts} were granted`);
      });
      ours.push(elapsed / accounts);
    }
    const [perOurs, perReference, perBare] = [median(ours), median(reference), median(bare)];
    console.log(`\ndistribute to ${accounts} accounts, medians of ${rounds} rounds`);
    console.log(
      table(
        ["", "µs an account", "accounts a second", ""],
        [
          ["tallystick: entry, lot, balance, next period", perOurs.toFixed(1), Math.round(1e6 / perOurs), "1×"],
          [
            "reference: read, loop, one transaction an account",
            perReference.toFixed(1),
            Math.round(1e6 / perReference),
            `${(perReference / perOurs).toFixed(0)}× slower`,
          ],
          [
            "floor: the same rows written barely, no rules",
            perBare.toFixed(1),
            Math.round(1e6 / perBare),
            `${(perBare / perOurs).toFixed(2)}× the time; the reference takes ${(perReference / perBare).toFixed(0)}× as long as this`,
          ],
        ],
        "",
      ),
    );
    console.log(`memory grew by ${(growth / 1e6).toFixed(1)} MB at the most`);
    const { ok } = await tally.credits.audit();
    console.log(`audit of the ledger afterwards: ${ok ? "clean" : "NOT CLEAN"}`);
  } finally {
    await tally.close();
    await pool.end();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) * 1000;
}
