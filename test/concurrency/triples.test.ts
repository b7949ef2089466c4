// Three different operations on one account, drawn at random, each call from a process of its own.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openArena, roundsPerPair } from "./race/arena.ts";
import { operationNames, sweeps } from "./race/operations.ts";

// A sample, and not more of it in a long run: there each is raced for longer.
const TRIPLES = 32;
const seed = Number(process.env["RACE_SEED"] ?? 20_261_122);
const local = operationNames.filter((name) => !sweeps.includes(name));
const triples = fc.sample(fc.shuffledSubarray([...local], { minLength: 3, maxLength: 3 }), { numRuns: TRIPLES, seed });

let arena: Awaited<ReturnType<typeof openArena>>;
beforeAll(async () => {
  arena = await openArena({ racers: 3, lanes: 3 });
  await arena.renew();
});
afterAll(async () => arena[Symbol.asyncDispose]());

describe("three at once", () => {
  it.each(triples)(
    "%s, %s and %s end as one after the other",
    async (...names) => {
      const { wrong } = await arena.race(names, roundsPerPair);
      expect(wrong.slice(0, 3)).toEqual([]);
    },
    3_600_000,
  );
});
