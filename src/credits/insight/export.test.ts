import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLedger, type Ledger } from "../../../test/properties/ledger-fixture.ts";
import type { Database } from "../../db/database.ts";
import { entries, exportEntries } from "./export.ts";
import { csvHeader, csvLine } from "./lines.ts";
import type { JournalEntry } from "./journal.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
  for (let n = 1; n <= 7; n += 1) {
    await ledger.credits.grant({ userId: "ann", amount: n, type: "purchase_package", description: `number ${n}` });
    await ledger.credits.grant({
      userId: "bob",
      amount: 10 * n,
      type: "register_gift",
      unit: n > 4 ? "token" : "credit",
    });
  }
});
afterAll(async () => ledger[Symbol.asyncDispose]());

async function amountsOf(batches: AsyncIterable<readonly JournalEntry[]>): Promise<number[]> {
  const all: number[] = [];
  for await (const batch of batches) all.push(...batch.map(({ amount }) => amount));
  return all;
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text();
}

/** Counts the statements that go through. */
function counted(database: Database): { database: Database; count: () => number } {
  let n = 0;
  const query: Database["query"] = async (text, values) => {
    n += 1;
    return database.query(text, values);
  };
  return { database: { ...database, query }, count: () => n };
}

describe("entries", () => {
  it.each([1, 3, 7, 1000])(
    "reads every entry once in batches of %i: one user's, one unit's, the whole ledger's",
    async (batchSize) => {
      expect(await amountsOf(ledger.credits.entries({ userId: "ann", batchSize }))).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(await amountsOf(ledger.credits.entries({ unit: "token", batchSize }))).toEqual([50, 60, 70]);
      expect(await amountsOf(ledger.credits.entries({ types: ["register_gift"], batchSize }))).toEqual([
        10, 20, 30, 40, 50, 60, 70,
      ]);
      expect((await amountsOf(ledger.credits.entries({ batchSize }))).length).toBe(14);
    },
  );

  it("reads a range of time over the whole ledger, from its first moment to before its end", async () => {
    const all: JournalEntry[] = [];
    for await (const batch of ledger.credits.entries()) all.push(...batch);
    for (const { createdAt: from } of all) {
      const to = new Date(from.getTime() + 5);
      const expected = all.filter(({ createdAt }) => createdAt >= from && createdAt < to);
      expect(await amountsOf(ledger.credits.entries({ from, to, batchSize: 2 }))).toEqual(
        expected.map(({ amount }) => amount),
      );
    }
  });

  it.each([
    [{ userId: "cut" }, 1001],
    [{}, 1002],
  ])("ends with what had been written when it began: %j", async (scope, later) => {
    for (let n = 1; n <= 4; n += 1)
      await ledger.credits.grant({ userId: "cut", amount: n, type: "adjustment", description: "x" });
    const from = (await ledger.credits.history({ userId: "cut", limit: 1, order: "asc" })).items[0]?.createdAt;
    const batches = entries(ledger.database, { ...scope, from, batchSize: 1 });
    const first = (await batches.next()).value as readonly JournalEntry[];
    await ledger.credits.grant({ userId: "cut", amount: later, type: "adjustment", description: "later" });
    expect([...first.map(({ amount }) => amount), ...(await amountsOf(batches))]).not.toContain(later);
    expect((await ledger.credits.history({ userId: "cut", limit: 1 })).items[0]?.amount).toBe(later);
  });

  it.each([
    { batchSize: 0 },
    { batchSize: 10_001 },
    { userId: "" },
    { unit: "X" },
    { from: new Date(2), to: new Date(2) },
  ])("refuses %j", async (wrong) => {
    await expect(exportEntries(ledger.database, { format: "csv", ...wrong })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });
});

describe("the export", () => {
  it("as JSON Lines is what history tells, a line an entry", async () => {
    const text = await textOf(await ledger.credits.export({ format: "jsonl", userId: "ann", batchSize: 2 }));
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    const { items } = await ledger.credits.history({ userId: "ann", order: "asc" });
    expect(lines).toEqual(JSON.parse(JSON.stringify(items)));
  });

  it("as CSV has a header line and a line an entry, and only the header when there is nothing", async () => {
    const lines = (await textOf(await ledger.credits.export({ format: "csv", userId: "ann" }))).split("\r\n");
    expect(`${lines[0]}\r\n`).toBe(csvHeader);
    expect(lines.slice(1, -1).map((line) => line.split(",")[6])).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
    expect(await textOf(await ledger.credits.export({ format: "csv", userId: "nobody" }))).toBe(csvHeader);
    expect(await textOf(await ledger.credits.export({ format: "jsonl", userId: "nobody" }))).toBe("");
  });

  it("reads a batch when one is taken and no sooner, and nothing after it is cancelled", async () => {
    const { database, count } = counted(ledger.database);
    const stream = await exportEntries(database, { format: "csv", userId: "ann", batchSize: 2 });
    const before = count();
    const reader = stream.getReader();
    await reader.read(); // the batch that was read before the stream was answered
    expect(count()).toBe(before);
    await reader.read();
    expect(count()).toBe(before + 1);
    await reader.cancel();
    expect(count()).toBe(before + 1);
  });

  it("breaks off with an error when the database fails on the way, instead of ending as if it were whole", async () => {
    let left = 3;
    const failing: Database = {
      ...ledger.database,
      query: async (text, values) => {
        left -= 1;
        if (left < 0) throw new Error("the connection is gone");
        return ledger.database.query(text, values);
      },
    };
    const stream = await exportEntries(failing, { format: "csv", userId: "ann", batchSize: 2 });
    await expect(textOf(stream)).rejects.toThrow("the connection is gone");
  });
});

describe("a line of CSV", () => {
  const entry: JournalEntry = {
    id: "1",
    userId: "ann",
    unit: "credit",
    seq: 1,
    type: "usage",
    amount: -5,
    balanceAfter: 0,
    remainingAmount: null,
    expirationDate: null,
    operationId: "1",
    paymentId: null,
    refundOfId: null,
    feature: null,
    member: null,
    actor: null,
    idempotencyKey: null,
    description: null,
    metadata: null,
    createdAt: new Date(0),
  };
  const description = (text: string): string =>
    csvLine({ ...entry, description: text })
      .slice("1,ann,credit,1,1970-01-01T00:00:00.000Z,usage,-5,0,,,1,,,,,,,".length)
      .replace(/,\r\n$/, "");

  it("quotes what RFC 4180 says, doubles quotes, and leaves negative numbers as they are", () => {
    expect(csvLine({ ...entry, description: 'a "b", c\nd', metadata: { n: 1 } })).toBe(
      '1,ann,credit,1,1970-01-01T00:00:00.000Z,usage,-5,0,,,1,,,,,,,"a ""b"", c\nd","{""n"":1}"\r\n',
    );
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u00a0=1", "＝1", "\u0001=1", "-cmd|' /C calc'!A0"])(
    "gives %j a leading apostrophe, so that no spreadsheet computes it",
    (text) => {
      expect(description(text)).toMatch(/^"?'/);
    },
  );

  it.each(["plain", "a=1", "1-2", "mail@example.org", "", "'quoted'"])("leaves %j", (text) => {
    expect(description(text)).toBe(text);
  });
});
