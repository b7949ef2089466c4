// Expiring due lots: the ledger's sweep beside a bare UPDATE of the same rows, and beside the algorithm that the reference
// architecture gives, one transaction a row. While the ledger sweeps, a consumer spends beside it and is timed.
import pg from "pg";
import { createTallystick, defineCatalog, type Tallystick } from "../src/index.ts";
import { table } from "../src/cli/table.ts";
import { spendBeside, type Latencies } from "./expire/consumer.ts";
import { dueLots, fillReference, fillSweep, referenceExpire, updateBare } from "./expire/plain.ts";
import { median } from "./measure.ts";

export interface BenchSize {
  readonly full: boolean;
  readonly accounts: number | undefined;
}

const lotsOfAnAccount = 5;
const referenceRows = 500;

export async function benchExpire(databaseUrl: string, { full, accounts: given }: BenchSize): Promise<void> {
  const accounts = given ?? (full ? 200_000 : 20_000);
  const rounds = full ? 3 : 5;
  const lots = accounts * lotsOfAnAccount;
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  const tally = createTallystick({ database: pool, catalog: defineCatalog({}) });
  const sweep: number[] = [];
  const bare: number[] = [];
  const reference: number[] = [];
  const beside: Latencies[] = [];
  let idle: Latencies | undefined;
  let growth = 0;
  try {
    await tally.migrate();
    for (let round = 0; round < rounds; round += 1) {
      await fillSweep(pool, accounts, lotsOfAnAccount);
      idle ??= await spendBeside(databaseUrl, accounts, async () => rest(5000));
      bare.push((await timed(async () => updateBare(pool))) / lots);
      await fillSweep(pool, accounts, lotsOfAnAccount);
      await fillReference(pool, referenceRows);
      reference.push((await timed(async () => referenceExpire(pool))) / referenceRows);
      sweep.push((await timed(async () => (growth = Math.max(growth, await sweepAll(tally))))) / lots);
      if (full && round > 0) continue;
      // Once more beside a consumer, for its latency.
      await fillSweep(pool, accounts, lotsOfAnAccount);
      beside.push(await spendBeside(databaseUrl, accounts, async () => sweepAll(tally)));
      if ((await dueLots(pool)) !== 0) throw new Error("the sweep left lots");
    }
    const [perSweep, perBare, perReference] = [median(sweep), median(bare), median(reference)];
    console.log(`\nexpire, ${lots} due lots over ${accounts} accounts, medians of ${rounds} rounds`);
    console.log(
      table(
        ["", "µs a lot", "lots a second", "beside the sweep"],
        [
          ["tallystick: entry, draws, lots, balance", perSweep.toFixed(2), Math.round(1e6 / perSweep), "1.0×"],
          [
            "a bare UPDATE of the same rows",
            perBare.toFixed(2),
            Math.round(1e6 / perBare),
            `${(perSweep / perBare).toFixed(2)}×`,
          ],
          [
            "reference: read, loop, one transaction a row",
            perReference.toFixed(2),
            Math.round(1e6 / perReference),
            `${(perReference / perSweep).toFixed(0)}× slower`,
          ],
        ],
        "",
      ),
    );
    const p99 = median(beside.map((each) => each.p99Ms));
    const p50 = median(beside.map((each) => each.p50Ms));
    console.log(
      `consume beside the sweep: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; idle p50 ${(idle?.p50Ms ?? 0).toFixed(2)} ms, p99 ${(idle?.p99Ms ?? 0).toFixed(2)} ms: ${(p99 / (idle?.p99Ms ?? 1)).toFixed(1)}×`,
    );
    console.log(`memory grew by ${(growth / 1e6).toFixed(1)} MB at the most during a sweep`);
    const { ok } = await tally.credits.audit();
    console.log(`audit of the ledger afterwards: ${ok ? "clean" : "NOT CLEAN"}`);
  } finally {
    await tally.close();
    await pool.end();
  }
}

/** Answers by how many bytes the heap grew at the most. */
async function sweepAll({ credits }: Tallystick): Promise<number> {
  const before = process.memoryUsage().heapUsed;
  let most = before;
  await credits.expire({
    budgetMs: Number.POSITIVE_INFINITY,
    onProgress: () => (most = Math.max(most, process.memoryUsage().heapUsed)),
  });
  return most - before;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) * 1000;
}

async function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
