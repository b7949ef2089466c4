// docs/ledger.md says what the ledger does: every example is run, and its output is the one printed on the page.
// UPDATE_DOCS=1 writes the outputs into the page instead, to be read before they are committed.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorCodes } from "../../src/kernel/errors.ts";
import { closeAudited, openLedger, type Ledger } from "../properties/ledger-fixture.ts";
import { readExamples, runExample, withOutputs } from "./examples.ts";

const file = path.resolve(import.meta.dirname, "../../docs/ledger.md");
const page = readFileSync(file, "utf8");
const examples = readExamples(page);
const outputs: string[] = [];

let ledger: Ledger;

beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-01-01T00:00:00Z") });
});

afterAll(async () => {
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(file, withOutputs(page, outputs));
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
      if (process.env["UPDATE_DOCS"] !== "1") expect(actual).toBe(output);
    },
  );

  it("names every error code that a call of the ledger throws, with its status", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)]);
    const elsewhere = ["invalid_signature", "unauthorized", "payload_too_large", "provider_unavailable"];
    const ledgers = Object.entries(errorCodes)
      .filter(([code]) => !elsewhere.includes(code) && !code.startsWith("unmatched_"))
      .map(([code, { status }]) => [code, status]);
    expect(rows.toSorted()).toEqual(ledgers.toSorted());
  });
});
