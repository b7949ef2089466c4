// All mutants: `npm run test:mutation`, or with MUTATION_OF=give_back,claw_back those of some functions.
import { appendFileSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { killers } from "./killers.ts";
import { mutantsOf, type Mutant } from "./mutants.ts";
import { report } from "./report.ts";
import { tryMutants } from "./run.ts";
import { targets } from "./targets.ts";

const histories = Number(process.env["MUTATION_HISTORIES"] ?? 300);
const chosen = process.env["MUTATION_OF"]?.split(",");
const seen = process.env["MUTATION_AGAIN"];
const file = process.env["MUTATION_REPORT"];

it(
  "every mutant of the ledger's functions is killed, or is explained",
  async () => {
    const mutants = targets()
      .filter(({ name }) => chosen?.includes(name) ?? true)
      .flatMap(mutantsOf)
      .filter(isAsked);
    const began = Date.now();
    const results = await tryMutants(mutants, {
      killers: killers(histories),
      lanes: 2,
      onResult: (result, done) => {
        const { mutant, ...fate } = result;
        if (file !== undefined) {
          appendFileSync(file, `${JSON.stringify({ function: mutant.target.name, mutant: mutant.name, ...fate })}\n`);
        }
        if (result.fate === "survived") tell(`survived  ${result.mutant.target.name}: ${result.mutant.name}`);
        if (result.fate === "timeout")
          tell(`timeout  ${result.mutant.target.name}: ${result.mutant.name} ${result.by}`);
        if (done % 50 === 0) tell(`${done} of ${mutants.length}, ${((Date.now() - began) / 60_000).toFixed(1)} min`);
      },
    });
    const { text, unexplained, stale } = report(results, chosen === undefined && seen === undefined);
    tell(text);
    expect({ unexplained, stale }).toEqual({ unexplained: [], stale: [] });
  },
  24 * 3_600_000,
);

/** With a report of before: those that survived then. */
function isAsked({ target, name }: Mutant): boolean {
  if (seen === undefined) return true;
  const rows = readFileSync(seen, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { function: string; mutant: string; fate: string });
  return rows.some((row) => row.function === target.name && row.mutant === name && row.fate === "survived");
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
