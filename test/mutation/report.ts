// The scores, and the survivors that nobody has explained.
import type { Result } from "./run.ts";
import { explained } from "./survivors.ts";

export interface Report {
  readonly text: string;
  /** Survivors that are not explained. */
  readonly unexplained: readonly string[];
  /** Explained ones that did not survive, or are no mutants any more. */
  readonly stale: readonly string[];
}

export function report(results: readonly Result[], complete: boolean): Report {
  const functions = [...new Set(results.map(({ mutant }) => mutant.target.name))];
  const known = new Set(explained.flatMap(({ mutants }) => mutants));
  const names = new Map(results.map((result) => [nameOf(result), result.fate]));
  const survivors = [...names].filter(([, fate]) => fate === "survived").map(([name]) => name);
  const rows = [...functions.toSorted(), "all"].map((name) => {
    const of = results.filter(({ mutant }) => name === "all" || mutant.target.name === name);
    const count = (...fates: Result["fate"][]): number => of.filter(({ fate }) => fates.includes(fate)).length;
    const [dead, alive] = [count("killed", "timeout"), count("survived")];
    const score = dead + alive === 0 ? "-" : `${((100 * dead) / (dead + alive)).toFixed(1)} %`;
    const counts = [of.length, dead, count("timeout"), alive, count("invalid")];
    return [name.padEnd(24), ...counts.map((n) => String(n).padStart(9)), score.padStart(9)].join("");
  });
  const head = [
    "function".padEnd(24),
    ..."mutants killed timeouts survived invalid score".split(" ").map((word) => word.padStart(9)),
  ];
  return {
    text: [head.join(""), ...rows].join("\n"),
    unexplained: survivors.filter((name) => !known.has(name)),
    stale: [...known].filter((name) => (names.has(name) ? names.get(name) !== "survived" : complete)),
  };
}

function nameOf({ mutant }: Result): string {
  return `${mutant.target.name}: ${mutant.name}`;
}
