// Histories in which ledger and model once differed, as short as they could be made.
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { takeHistory } from "./history.ts";
import type { Step } from "./steps.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld(await createTestDatabase());
});
afterAll(async () => world[Symbol.asyncDispose]());

const found: readonly (readonly [guarantee: string, history: readonly Step[]])[] = [
  [
    "a grant for a payment that was returned in part answers the same when it is told again",
    [
      { take: "settle", payment: 1, returned: 333, policy: null },
      { take: "pay", account: "ann/credit", ...{ amount: 50, payment: 1, priority: 0, scope: null }, fact: "5", expiresIn: null },
      { take: "pay", account: "ann/credit", ...{ amount: 50, payment: 1, priority: 0, scope: null }, fact: "5", expiresIn: null },
    ],
  ],
];

it.each(found)("%s", async (_guarantee, history) => {
  await expect(takeHistory(world, history)).resolves.toBeUndefined();
});
