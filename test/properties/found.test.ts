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

const grant = (account: "ann/credit" | "bob/credit" | "eve/credit"): Extract<Step, { take: "grant" }> => ({
  take: "grant",
  account,
  amount: 60,
  key: null,
  priority: 0,
  scope: null,
  effectiveIn: null,
  expiresIn: null,
});
const hold = (account: "ann/credit" | "bob/credit" | "eve/credit"): Extract<Step, { take: "hold" }> => ({
  take: "hold",
  account,
  amount: 10,
  feature: null,
  member: null,
  key: null,
  hours: 1,
});

const found: readonly (readonly [guarantee: string, history: readonly Step[]])[] = [
  [
    "a key that names a void under an alias names the debit of the account that it was merged into",
    [
      grant("ann/credit"),
      hold("ann/credit"),
      { take: "void", pick: 0, key: "k3" },
      grant("bob/credit"),
      hold("bob/credit"),
      { take: "capture", pick: 0, amount: null, key: "k3", overage: null },
      { take: "merge", from: "ann/credit", to: "bob/credit" },
      { take: "refundByKey", account: "ann/credit", amount: null, graceHours: null, key: null, debitKey: "k3" },
    ],
  ],
  [
    "a key that a settlement is given is looked up under every account that the hold's was merged into",
    [
      grant("ann/credit"),
      { ...hold("ann/credit"), key: "k6" },
      { take: "wait", hours: 2 },
      grant("eve/credit"),
      hold("eve/credit"),
      { take: "void", pick: 0, key: null },
      { take: "merge", from: "eve/credit", to: "ann/credit" },
      { take: "merge", from: "ann/credit", to: "bob/credit" },
      { take: "capture", pick: 0, amount: 1, key: "k6", overage: null },
    ],
  ],
  [
    "a reinstatement that would lift the balance over the limit is refused, also where it would be taken at once",
    [
      {
        take: "pay",
        account: "eve/credit",
        amount: 50,
        payment: 1,
        priority: 0,
        scope: null,
        fact: "1",
        expiresIn: null,
      },
      { take: "consume", account: "eve/credit", amount: 50, feature: null, member: null, key: null },
      { take: "settle", payment: 1, returned: 999, policy: "forgive" },
      { ...grant("eve/credit"), amount: Number.MAX_SAFE_INTEGER },
      { take: "settle", payment: 1, returned: 0, policy: null },
    ],
  ],
  [
    "a merge whose lots would lift the target over the limit is refused, also where the debt that follows would not",
    [
      { ...grant("bob/credit"), amount: Number.MAX_SAFE_INTEGER },
      {
        take: "pay",
        account: "ann/credit",
        amount: 50,
        payment: 1,
        priority: 0,
        scope: null,
        fact: "1",
        expiresIn: null,
      },
      { take: "consume", account: "ann/credit", amount: 50, feature: null, member: null, key: "k1" },
      { take: "refund", pick: 0, amount: null, graceHours: null, key: null },
      {
        take: "pay",
        account: "ann/credit",
        amount: 50,
        payment: 1,
        priority: 100,
        scope: null,
        fact: "6",
        expiresIn: 31,
      },
      { take: "consume", account: "ann/credit", amount: 50, feature: null, member: null, key: null },
      { take: "wait", hours: 744 },
      { take: "settle", payment: 1, returned: 999, policy: null },
      { take: "merge", from: "ann/credit", to: "bob/credit" },
    ],
  ],
  [
    "a grant for a payment that was returned in part answers the same when it is told again",
    [
      { take: "settle", payment: 1, returned: 333, policy: null },
      {
        take: "pay",
        account: "ann/credit",
        amount: 50,
        payment: 1,
        priority: 0,
        scope: null,
        fact: "5",
        expiresIn: null,
      },
      {
        take: "pay",
        account: "ann/credit",
        amount: 50,
        payment: 1,
        priority: 0,
        scope: null,
        fact: "5",
        expiresIn: null,
      },
    ],
  ],
  [
    "a refund is known by its key under every account that its debit has come through",
    [
      {
        take: "adjust",
        account: "ann/credit",
        feature: null,
        priority: 0,
        scope: null,
        key: null,
        amount: 60,
        expiresIn: null,
      },
      { take: "consume", account: "ann/credit", amount: 25, feature: null, member: null, key: null },
      { take: "merge", from: "ann/credit", to: "bob/credit" },
      { take: "refund", pick: 0, amount: 1, graceHours: null, key: "k1" },
      { take: "merge", from: "bob/credit", to: "eve/credit" },
      { take: "again", back: 1 },
    ],
  ],
  [
    "a refund's key is looked up under the id given first",
    [
      {
        take: "adjust",
        account: "ann/credit",
        feature: null,
        priority: 0,
        scope: null,
        key: "k1",
        amount: 60,
        expiresIn: null,
      },
      { take: "merge", from: "ann/credit", to: "bob/credit" },
      { take: "consume", account: "bob/credit", amount: 25, feature: null, member: null, key: "k2" },
      { take: "refundByKey", account: "ann/credit", amount: 1, graceHours: null, key: "k1", debitKey: "k2" },
    ],
  ],
];

it.each(found)("%s", async (_guarantee, history) => {
  await expect(takeHistory(world, history)).resolves.toBeUndefined();
});
