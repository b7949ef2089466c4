// Sweeps over all accounts beside every writing operation, each call from a process of its own. A sweep passes over an
// account that is busy: then all is as if it had not come, and the next one does what it left.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dueCases, openArena, roundsPerPair } from "./race/arena.ts";
import { operationNames, sweeps } from "./race/operations.ts";

let arena: Awaited<ReturnType<typeof openArena>>;

beforeAll(async () => {
  arena = await openArena({ racers: 2, lanes: 1 });
});
afterAll(async () => arena[Symbol.asyncDispose]());

describe.each(
  sweeps.map((name, index) => ({
    name,
    others: [...operationNames.filter((other) => !sweeps.includes(other)), ...sweeps.slice(index)],
  })),
)("$name", ({ name, others }) => {
  beforeAll(async () => arena.renew());

  it.each(others)(
    "beside %s ends as one after the other, or as if it had passed the account over",
    async (other) => {
      const { wrong } = await arena.race([name, other], roundsPerPair, dueCases);
      expect(wrong.slice(0, 3)).toEqual([]);
    },
    3_600_000,
  );
});
