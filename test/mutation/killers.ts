// What a mutant is tried with: scenarios first, then a fixed set of random histories, each compared with the model.
import fc from "fast-check";
import { takeHistory } from "../properties/history.ts";
import { histories, type Step } from "../properties/steps.ts";
import type { World } from "../properties/world.ts";
import type { Trial } from "./bench.ts";
import { scenarios } from "./scenarios.ts";
import { unaudited } from "./told.ts";

export interface Killer {
  /** The guarantee. */
  readonly name: string;
  /** Throws when the guarantee does not hold. */
  readonly run: (world: Trial) => Promise<void>;
  /** The files whose functions it is about; none: all. */
  readonly files?: readonly string[];
}

const SEED = 20;

export function killers(count: number): Killer[] {
  const sampled = fc.sample(histories, { numRuns: count, seed: SEED });
  return [
    ...scenarios,
    ...sampled.map((history, index) => ({
      name: `history ${index + 1}`,
      run: async (world: World) => takeHistory(unaudited(world), history.filter(isKept)),
    })),
  ];
}

/** A lost connection costs much and says nothing about a function's text. */
function isKept({ take }: Step): boolean {
  return take !== "kill";
}
