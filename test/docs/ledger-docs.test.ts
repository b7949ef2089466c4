// docs/ledger.md says what the ledger does: every example is run, and its output is the one printed on the page.
// UPDATE_DOCS=1 writes the outputs into the page instead, to be read before they are committed.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorCodes, type ErrorCode } from "../../src/kernel/errors.ts";
import { closeAudited, openLedger, type Ledger } from "../properties/ledger-fixture.ts";
import { readExamples, runExample, withOutputs } from "./examples.ts";

const file = path.resolve(import.meta.dirname, "../../docs/ledger.md");
const writes = process.env["UPDATE_DOCS"] === "1";
const page = readFileSync(file, "utf8");
const examples = readExamples(page);
const outputs: string[] = [];

let ledger: Ledger;

beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-01-01T00:00:00Z") });
});

afterAll(async () => {
  if (writes) writeFileSync(file, withOutputs(page, outputs));
  await closeAudited(ledger);
});

describe("the ledger's page", () => {
  it("has an output for every example", () => {
    expect(examples.length).toBeGreaterThan(10);
    expect(page.match(/^```ts$/gm)).toHaveLength(examples.length);
    expect(page.match(/^```text$/gm)).toHaveLength(examples.length);
  });

  it.each(examples.map((example, index) => [index + 1, example] as const))(
    "prints what example %i prints",
    async (_, { code, output }) => {
      const actual = await runExample(ledger, code);
      outputs.push(actual);
      expect(actual).toBe(writes ? actual : output);
    },
  );

  it("tells error codes that exist, each with its status", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)]);
    expect(rows.length).toBeGreaterThan(10);
    expect(rows).toEqual(rows.map(([code]) => [code, errorCodes[code as ErrorCode]?.status]));
  });
});
