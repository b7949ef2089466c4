// Chance that can be replayed: every part of a run draws from a stream of its own, so that what one part draws does not
// depend on how often another was asked before.
import { createRandom as chance } from "../../src/cli/simulate/random.ts";

export interface Random {
  /** From 0 to 1, less than 1. */
  next(): number;
  /** A whole number, both ends included. */
  whole(from: number, to: number): number;
  chance(rate: number): boolean;
  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T;
  /** One of several by weight; weights of 0 are never taken. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T;
}

export function createRandom(seed: number, stream: string): Random {
  const next = chance(hash(`${seed}:${stream}`));
  return {
    next,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (rate) => next() < rate,
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error("There is nothing to pick from.");
      return item;
    },
    weighted(choices) {
      let left = next() * choices.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of choices) {
        left -= weight;
        if (left < 0) return value;
      }
      throw new Error("There is nothing to choose from.");
    },
  };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return value | 0;
}
