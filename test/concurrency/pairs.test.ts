// Every pair of writing operations on one account, each call from a process of its own.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openArena, roundsPerPair } from "./race/arena.ts";
import { operationNames, sweeps } from "./race/operations.ts";

const names = operationNames.filter((name) => !sweeps.includes(name));
let arena: Awaited<ReturnType<typeof openArena>>;
let [rounds, overlapped] = [0, 0];

beforeAll(async () => {
  arena = await openArena({ racers: 2, lanes: 4 });
});
afterAll(async () => arena[Symbol.asyncDispose]());

describe.each(names.map((name, index) => ({ name, others: names.slice(index) })))("$name", ({ name, others }) => {
  beforeAll(async () => arena.renew());

  it.each(others)(
    "beside %s ends as one after the other, answers included",
    async (other) => {
      const tally = await arena.race([name, other], roundsPerPair);
      expect(tally.wrong.slice(0, 3)).toEqual([]);
      rounds += tally.rounds;
      overlapped += tally.overlapped;
    },
    3_600_000,
  );
});

describe("the races", () => {
  it("were races: in most rounds both calls were under way at once", () => {
    expect(overlapped).toBeGreaterThan(rounds / 2);
  });
});
