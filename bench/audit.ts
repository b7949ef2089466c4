// The audit beside the least that reading its tables costs: a bare GROUP BY over each table that an equation reads, with
// the same settings on the same connection. Seals apart: the digests are made in SQL, the HMACs in this process.
// BENCH_AUDIT_ACCOUNTS sets the size; ten entries an account.
import pg from "pg";
import { table } from "../src/cli/table.ts";
import { checkEquations } from "../src/credits/audit.ts";
import { auditEquations } from "../src/credits/audit/equations.ts";
import { createTallystick, defineCatalog } from "../src/index.ts";
import { joinTransaction } from "../src/db/database.ts";
import { fillLedger } from "./ledger-data.ts";

const rounds = 5;
const size = { accounts: Number(process.env["BENCH_AUDIT_ACCOUNTS"] ?? 200_000), entriesOfAnAccount: 10 };

// The other tables that equations read are small beside these; they count as nothing, which favours the floor.
const bareGroupings: Readonly<Record<string, string>> = {
  credit_transaction: "select account_id, sum(amount) from tallystick.credit_transaction group by account_id",
  credit_lot: "select account_id, sum(remaining_amount) from tallystick.credit_lot group by account_id",
  credit_allocation: "select lot_id, sum(amount) from tallystick.credit_allocation group by lot_id",
  user_credit: "select id, sum(current_credits) from tallystick.user_credit group by id",
};

export async function benchAudit(databaseUrl: string): Promise<void> {
  const tally = createTallystick({
    database: databaseUrl,
    catalog: defineCatalog({}),
    seal: { keyId: "bench", key: "a key of the benchmark, 32 characters" },
  });
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await tally.migrate();
    const { accounts, entries, lots, draws } = await fillLedger(databaseUrl, size);
    const rows: string[][] = [];
    for (const group of auditEquations) {
      const [floors, times]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        await client.query("begin read only");
        const began = performance.now();
        const violations = await checkEquations(joinTransaction(client), group, undefined, 100);
        times.push(performance.now() - began);
        if (violations.length > 0) throw new Error(`the ledger of the benchmark is not true: ${violations[0]?.detail}`);
        // In the same transaction, so with the settings that the audit made.
        let floor = 0;
        for (const name of group.reads) floor += await timeOf(client, bareGroupings[name]);
        floors.push(floor);
        await client.query("commit");
      }
      const [floor, time] = [median(floors), median(times)];
      rows.push([
        `${group.number} ${group.names.join(", ")}`,
        time.toFixed(0),
        floor.toFixed(0),
        `${(time / floor).toFixed(2)}×`,
      ]);
    }
    const title = `audit of ${accounts} accounts, ${entries} entries, ${lots} lots, ${draws} draws`;
    console.log(`\n${title}\n${table(["", "ms", "bare GROUP BYs ms", "ratio"], rows, "")}`);
    await benchSeals(tally, entries);
  } finally {
    await client.end();
    await tally.close();
  }
}

async function benchSeals(tally: ReturnType<typeof createTallystick>, entries: number): Promise<void> {
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
  };
  const sealing = await seconds(async () => tally.credits.seal({ budgetMs: 3_600_000 }));
  const again = await seconds(async () => tally.credits.seal({ budgetMs: 3_600_000 }));
  const verifying = await seconds(async () => {
    const { ok } = await tally.credits.audit({ equations: ["seals_match"] });
    if (!ok) throw new Error("the seals of the benchmark are not true");
  });
  const rate = (time: number): string => `${time.toFixed(1)} s (${Math.round(entries / time)} entries per second)`;
  console.log(
    `seal all: ${rate(sealing)}; seal when nothing is new: ${again.toFixed(1)} s; verify all: ${rate(verifying)}`,
  );
}

async function timeOf(client: pg.Client, grouping: string | undefined): Promise<number> {
  if (grouping === undefined) return 0;
  const began = performance.now();
  await client.query(`select count(*) from (${grouping}) grouped`);
  return performance.now() - began;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
