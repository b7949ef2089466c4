// Tries mutants on two databases at once, each with what killed its function's other mutants first.
import { openBench, type Fate } from "./bench.ts";
import type { Killer } from "./killers.ts";
import type { Mutant } from "./mutants.ts";

export type Result = Fate & { readonly mutant: Mutant };

export interface RunOptions {
  readonly killers: readonly Killer[];
  readonly lanes: number;
  readonly onResult?: (result: Result, done: number) => void;
}

/** Answers what became of each mutant. Before and after, all killers must pass without one. */
export async function tryMutants(
  mutants: readonly Mutant[],
  { killers, lanes, onResult }: RunOptions,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...mutants];
  const killed = new Map<string, Killer[]>();
  const lane = async (number: number): Promise<void> => {
    await using bench = await openBench();
    const share = killers.filter((_, index) => index % lanes === number);
    await bench.prove(share);
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const first = killed.get(mutant.target.name) ?? [];
      const { file } = mutant.target;
      // What is about the function's own file first: it is the likeliest to kill.
      const others = killers
        .filter((killer) => !first.includes(killer) && (killer.files?.includes(file) ?? true))
        .toSorted((a, b) => Number(a.files === undefined) - Number(b.files === undefined));
      const order = [...first, ...others];
      const fate = await bench.try(mutant, order);
      if (fate.fate === "killed" || fate.fate === "timeout") {
        const by = order.filter(({ name }) => name === fate.by);
        killed.set(mutant.target.name, [...by, ...first.filter((killer) => !by.includes(killer))]);
      }
      const result = { ...fate, mutant };
      results.push(result);
      onResult?.(result, results.length);
    }
    await bench.prove(share);
  };
  await Promise.all(Array.from({ length: lanes }, async (_, number) => lane(number)));
  return results;
}
