// audit and seal as commands: what they print, and how they exit.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { plant } from "../../test/properties/ledger-fixture.ts";
import { runCli, type CliResult } from "../../test/support/cli.ts";
import { createTestDatabase } from "../../test/support/database.ts";

const directory = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
writeFileSync(
  path.join(directory, "tallystick.config.mjs"),
  `import { defineCatalog } from ${JSON.stringify(pathToFileURL(path.resolve("src/index.ts")).href)};
   export default { catalog: defineCatalog({}), seal: { keyId: "one", key: "${"k".repeat(40)}" } };`,
);
const without = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
let databaseUrl: string;

const cli = async (...words: string[]): Promise<CliResult> => runCli(words, { databaseUrl, directory });

beforeEach(async () => {
  databaseUrl = await createTestDatabase();
  for (const user of ["ann", "ben"])
    await plant(databaseUrl, `select tallystick.grant_credits('${user}', 10, 'adjustment')`);
});

describe("tallystick seal and audit", () => {
  it("seal the journal and tell what the seals prove", async () => {
    expect(await cli("seal")).toMatchObject({ status: 0, stdout: "Sealed 2 ranges: 2 entries.\n" });
    expect(await cli("audit")).toMatchObject({
      status: 0,
      stdout:
        "The ledger is consistent: 2 accounts, no violation.\nSeals: 2 seals over 2 entries, all true; 0 entries not sealed yet.\n",
    });
    await plant(databaseUrl, "update tallystick.credit_transaction set created_at = created_at + interval '1 s'");
    const { status, stdout } = await cli("audit", "--json");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, seals: { checked: 2 }, violations: [{ number: 10 }, {}] });
  });

  it("seal nothing without a key, and say so", async () => {
    const { status, stderr } = await runCli(["seal"], { databaseUrl, directory: without });
    expect([status, stderr]).toEqual([2, "error: sealing needs the option seal: { keyId, key }. (invalid_request)\n"]);
  });

  it("look at one account", async () => {
    await plant(databaseUrl, "update tallystick.user_credit set current_credits = 11 where user_id = 'ann'");
    expect((await cli("audit", "--account", "ben")).status).toBe(0);
    expect((await cli("audit", "--account", "ann")).status).toBe(1);
  });

  it("look at some equations, and refuse those that there are not", async () => {
    await plant(databaseUrl, "update tallystick.user_credit set current_credits = 11 where user_id = 'ann'");
    expect((await cli("audit", "--equation", "2,lot_remains_what_no_draw_took")).status).toBe(0);
    expect(await cli("audit", "--equation", "none")).toMatchObject({ status: 2, stdout: "" });
  });

  it("print what would mend a violation, and change nothing", async () => {
    await plant(databaseUrl, "update tallystick.user_credit set current_credits = 11 where user_id = 'ann'");
    const first = await cli("audit", "--equation", "1", "--repair-plan");
    expect(first.status).toBe(1);
    expect(first.stdout).toContain("book_is_sum_of_entries (ann, credit): current_credits 11, entries sum to 10\n");
    expect(first.stdout).toMatch(
      /would run: {2}update tallystick\.user_credit set current_credits = 10 where id = \d+ and current_credits = 11;\n {2}- /,
    );
    expect(first.stdout).toContain("\nNothing was changed.\n");
    expect(await cli("audit", "--equation", "1", "--repair-plan")).toEqual(first);
    const json = JSON.parse((await cli("audit", "--repair-plan", "--json")).stdout) as { repairs: unknown[] };
    expect(json.repairs.length).toBeGreaterThan(1);
  });
});
