import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { audit } from "../../src/credits/audit.ts";
import { consumeMany } from "../../src/credits/consume-many.ts";
import type { ConsumeInput } from "../../src/credits/consume.ts";
import { creditFunctions } from "../../src/credits/functions.generated.ts";
import { connect, type Database } from "../../src/db/database.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  batches,
  consumeEach,
  named,
  onCopy,
  picture,
  prepare,
  steps,
  undone,
  type Step,
} from "./consume-many-world.ts";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 200);

async function compare(database: Database, state: readonly Step[], batch: readonly ConsumeInput[]): Promise<void> {
  const [each, many] = await undone(database, async (tx) => {
    await prepare(tx, state);
    const seen = async (work: typeof consumeEach): Promise<unknown> =>
      onCopy(tx, async () => {
        const outcomes = await named(tx, await work(tx, batch));
        const { violations } = await audit(tx);
        return { outcomes, violations, rows: await picture(tx) };
      });
    return [await seen(consumeEach), await seen(consumeMany)];
  });
  if (isDeepStrictEqual(many, each)) return;
  throw new Error(`differs\n one by one: ${JSON.stringify(each)}\n a batch:    ${JSON.stringify(many)}`);
}

describe("consumeMany", () => {
  it(`answers and stores what consuming the items one after another does, over ${numRuns} random batches`, async () => {
    const database = connect(await createTestDatabase(), { poolSize: 1 });
    const equality = fc.assert(
      fc.asyncProperty(steps, batches, async (state, batch) => compare(database, state, batch)),
      { numRuns },
    );
    await expect(equality).resolves.toBeUndefined();
    await database.close();
  }, 300_000);
});

/** Each fault is a piece of the function's text replaced. */
const faults: readonly { name: string; from: string; to: string }[] = [
  { name: "a frozen account spends", from: "account.frozen_at is null and", to: "" },
  { name: "limits are not asked", from: "and not account.limited", to: "" },
  { name: "scoped lots are open to all", from: "or scoped[a]", to: "" },
  { name: "two names of one account spend apart", from: "account.names = 1 and", to: "" },
  {
    name: "what is refused is spent",
    from: "if availables[a] < amount then",
    to: "if availables[a] < amount then availables[a] := 0;",
  },
  { name: "time is not caught up with", from: "if due is not null then", to: "if false then" },
  { name: "members are not recorded", from: "p_features[n], p_members[n]\n", to: "p_features[n], null\n" },
];

describe("the comparison's power", () => {
  it.each(faults)(
    "finds that $name",
    async ({ from, to }) => {
      const sql = creditFunctions.find(({ name }) => name === "10_consume_many")?.sql ?? "";
      expect(sql).toContain(from);
      const database = connect(await createTestDatabase(), { poolSize: 1 });
      await database.query(sql.replace(from, () => to));
      const found = await fc.check(
        fc.asyncProperty(steps, batches, async (state, batch) => compare(database, state, batch)),
        { numRuns: 400, endOnFailure: true, seed: 1 },
      );
      await database.close();
      expect(found.failed).toBe(true);
    },
    120_000,
  );
});
