// tallystick simulate: customers live, the ledger is proven, and nothing is left of it.
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../test/support/cli.ts";
import { createEmptyDatabase } from "../../test/support/database.ts";
import { connect } from "../db/database.ts";

const allowed = { TALLYSTICK_SANDBOX: "1" };

let databaseUrl: string;

async function directoryWith(catalog: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "tallystick-simulate-"));
  await writeFile(
    path.join(directory, "tallystick.config.mjs"),
    `import { defineCatalog } from ${JSON.stringify(path.resolve(import.meta.dirname, "../index.ts"))};
     export default { catalog: defineCatalog(${catalog}), on: { "credits.granted": () => { throw new Error("called"); } } };`,
  );
  return directory;
}

beforeAll(async () => {
  databaseUrl = await createEmptyDatabase();
});

describe("tallystick simulate", () => {
  it("lets each story happen, proves the ledger, and leaves no database", async () => {
    const directory = await directoryWith(`{
      plans: [{ id: "pro", name: "Pro", credits: 1000, validDays: 30, prices: [
        { id: "price_month", interval: "month", amount: 2000, currency: "usd" }] }],
      packs: [{ id: "pack", name: "Pack", credits: 500, prices: [{ id: "price_pack", amount: 900, currency: "usd" }] }] }`);
    const words = ["simulate", "--months", "2", "--json"];
    const { status, stdout, stderr } = await runCli(words, { databaseUrl, directory, environment: allowed });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const report = JSON.parse(stdout) as { problems: unknown; customers: Record<string, unknown>[] };
    expect(report.problems).toEqual([]);
    const of = (userId: string) => report.customers.find((customer) => customer["userId"] === userId);
    const regular = of("regular-1") as { granted: number };
    expect(regular.granted).toBeGreaterThanOrEqual(2000);
    expect(regular).toMatchObject({ paid: { usd: regular.granted * 2 }, subscription: "active" });
    expect(of("refunded-1")).toMatchObject({
      paid: { usd: 900 },
      returned: { usd: 450 },
      granted: 500,
      takenBack: 250,
    });
    expect(of("disputer-1")).toMatchObject({
      paid: { usd: 900 },
      returned: { usd: 900 },
      granted: 500,
      takenBack: 500,
    });
    const sql = connect(databaseUrl, { poolSize: 1 });
    const left = await sql.query("select datname from pg_database where datname like 'tallystick_simulation_%'");
    await sql.close();
    expect(left).toEqual([]);
  });

  it.each<[string, string | null, Record<string, string>, string]>([
    ["without TALLYSTICK_SANDBOX=1", "{}", {}, "Set TALLYSTICK_SANDBOX=1"],
    ["beside a live key", "{}", { ...allowed, STRIPE_SECRET_KEY: "sk_live_abc" }, "live key"],
    ["with a catalog that sells nothing", "{}", allowed, "nothing to buy"],
    ["without a configuration", null, allowed, "nothing to sell"],
  ])("refuses to run %s", async (_, catalog, environment, message) => {
    const directory =
      catalog === null ? await mkdtemp(path.join(tmpdir(), "tallystick-simulate-")) : await directoryWith(catalog);
    const { status, stderr } = await runCli(["simulate"], { databaseUrl, directory, environment });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(message) });
  });

  it.each([[["--months", "0"]], [["--customers", "9999"]], [["--nonsense"]]])(
    "refuses %s as a usage error",
    async (words) => {
      const given = { databaseUrl, directory: tmpdir(), environment: allowed };
      expect((await runCli(["simulate", ...words], given)).status).toBe(2);
    },
  );
});
