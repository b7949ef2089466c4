// All mutants: `npm run test:mutation`, or with MUTATION_OF=give_back,claw_back those of some functions. With a file named
// by MUTATION_REPORT a run that was stopped goes on where it was; MUTATION_AGAIN=1 tries the file's survivors once more.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Fate } from "./bench.ts";
import { killers } from "./killers.ts";
import { mutantsOf, type Mutant } from "./mutants.ts";
import { report } from "./report.ts";
import { tryMutants, type Result } from "./run.ts";
import { targets } from "./targets.ts";

const histories = Number(process.env["MUTATION_HISTORIES"] ?? 100);
const chosen = process.env["MUTATION_OF"]?.split(",");
const file = process.env["MUTATION_REPORT"];
const again = process.env["MUTATION_AGAIN"] === "1";

it(
  "every mutant of the ledger's functions is killed, or is explained",
  async () => {
    const mutants = targets()
      .filter(({ name }) => chosen?.includes(name) ?? true)
      .flatMap(mutantsOf);
    const known = readResults(mutants);
    // Every eighth first, so that a run that is stopped has seen something of each function.
    const waiting = [...mutants.entries()]
      .filter(([, mutant]) => !known.some((result) => result.mutant === mutant))
      .toSorted(([a], [b]) => (a % 8) - (b % 8) || a - b)
      .map(([, mutant]) => mutant);
    const began = Date.now();
    const results = await tryMutants(waiting, {
      killers: killers(histories),
      lanes: 2,
      onResult: (result, done) => {
        write(result);
        if (result.fate === "survived") tell(`survived  ${result.mutant.target.name}: ${result.mutant.name}`);
        if (done % 50 === 0) tell(`${done} of ${waiting.length}, ${((Date.now() - began) / 60_000).toFixed(1)} min`);
      },
    });
    const { text, unexplained, stale } = report([...known, ...results], chosen === undefined);
    tell(text);
    expect({ unexplained, stale }).toEqual({ unexplained: [], stale: [] });
  },
  24 * 3_600_000,
);

interface Row {
  readonly function: string;
  readonly mutant: string;
  readonly fate: Fate;
}

function write({ mutant, ...fate }: Result): void {
  const row: Row = { function: mutant.target.name, mutant: mutant.name, fate };
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** What the file says of these mutants: the last word about each. */
function readResults(mutants: readonly Mutant[]): Result[] {
  if (file === undefined || !existsSync(file)) return [];
  const rows = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
  const last = new Map(rows.map((row) => [`${row.function}: ${row.mutant}`, row.fate]));
  return mutants.flatMap((mutant) => {
    const fate = last.get(`${mutant.target.name}: ${mutant.name}`);
    return fate === undefined || (again && fate.fate === "survived") ? [] : [{ ...fate, mutant }];
  });
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
