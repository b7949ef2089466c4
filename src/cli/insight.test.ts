// The commands that look back, each run as a process on a real database.
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCli, type CliResult } from "../../test/support/cli.ts";
import { createTestDatabase } from "../../test/support/database.ts";

const directory = mkdtempSync(path.join(tmpdir(), "tallystick-cli-"));
let databaseUrl: string;
const cli = async (...words: string[]): Promise<CliResult> => runCli(words, { databaseUrl, directory });
async function json(...words: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await cli(...words, "--json");
  expect({ words, status, stderr }).toEqual({ words, status: 0, stderr: "" });
  return JSON.parse(stdout) as unknown;
}

beforeAll(async () => {
  databaseUrl = await createTestDatabase();
  await cli("grant", "ann", "100", "--type", "purchase_package", "--expires-at", "2100-01-01");
  await cli("consume", "ann", "5", "--feature", "image");
});

describe("looking back", () => {
  it("balance --at tells a past moment", async () => {
    expect(await json("balance", "ann", "--at", "2001-01-01")).toMatchObject({
      balance: 0,
      at: "2001-01-01T00:00:00.000Z",
    });
    expect(await json("balance", "ann", "--at", "2099-12-31")).toMatchObject({ balance: 95, book: 95 });
    expect((await cli("balance", "ann", "--at", "2100-01-01")).stdout).toMatch(/^balance +0$/m);
  });

  it("history lists entries with the running balance, filtered and paged", async () => {
    expect(await json("history", "ann", "--sign", "negative")).toMatchObject({
      items: [{ amount: -5, balanceAfter: 95, feature: "image" }],
      nextCursor: null,
    });
    const { stdout } = await cli("history", "ann", "--limit", "1", "--order", "asc");
    expect(stdout).toMatch(/purchase_package +100 +100/);
    expect(stdout).toMatch(/^More: --cursor 1-1$/m);
    expect((await cli("history", "ann", "--cursor", "1-1", "--order", "asc")).stdout).toMatch(/usage +-5 +95 +image/);
  });

  it("usage and reports print tables", async () => {
    expect(await json("usage", "ann", "--by", "feature,type")).toMatchObject({
      rows: [{ feature: "image", debited: 5 }],
    });
    expect((await cli("report", "credits")).stdout).toMatch(/granted.*outstanding\n/);
    expect(await json("report", "expiring-by-day", "--within-days", "366")).toEqual({ items: [], nextCursor: null });
    expect((await cli("report", "usage")).stdout).toMatch(/ credit +5 +0 +1$/m);
    expect((await cli("report", "deferred-revenue")).stdout).toBe("Nothing to report.\n");
    expect((await cli("report", "expiring")).stdout).toBe("Nothing to report.\n");
  });

  it("export streams to standard output, or to a file that appears when it is whole", async () => {
    const { stdout, status } = await cli("export", "--user", "ann");
    expect(status).toBe(0);
    expect(stdout.split("\r\n")).toHaveLength(4);
    const file = path.join(directory, "journal.jsonl");
    const written = await json("export", "--format", "jsonl", "--output", file);
    const text = readFileSync(file, "utf8");
    expect(written).toEqual({ file, format: "jsonl", bytes: Buffer.byteLength(text) });
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { amount: number }).amount),
    ).toEqual([100, -5]);
    expect(existsSync(`${file}.partial`)).toBe(false);
  });

  it.each([
    ["export", "--json"],
    ["export", "--format", "xml"],
    ["export", "--unit", "Credit"],
    ["report", "nothing"],
    ["report", "toString"],
    ["report", "credits", "--from", "2026"],
    ["history", "ann", "--type", "gift"],
    ["history", "ann", "--cursor", "x"],
    ["usage", "ann", "--by", "hour"],
    ["balance", "ann", "--at", "yesterday"],
  ])("%s %s %s exits with 2", async (...words) => {
    expect((await cli(...words)).status).toBe(2);
  });
});
