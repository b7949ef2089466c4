import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { creditFunctions } from "../../src/credits/functions.generated.ts";
import { createTestDatabase } from "../support/database.ts";
import { openWorld, steps, takeSteps } from "./ledger-steps.ts";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 200);

describe("the ledger", () => {
  it(`answers and stores what a plain model does, and passes its audit, over ${numRuns} random histories`, async () => {
    await using world = await openWorld(await createTestDatabase());
    // Throws with the seed, the path and the shortest history that it found.
    const histories = fc.assert(
      fc.asyncProperty(steps, async (list) => takeSteps(world, list)),
      { numRuns },
    );
    await expect(histories).resolves.toBeUndefined();
  }, 300_000);
});

/** Each fault is a function of the ledger with one piece of text replaced, in a database of its own. */
const faults: readonly { name: string; file: string; from: string; to: string; caughtBy: RegExp }[] = [
  {
    name: "consume draws on expired lots",
    file: "03_consume",
    from: "and effective_at <= t and (expiration_date is null or expiration_date > t)",
    to: "",
    caughtBy: /^(answer|state|audit)/,
  },
  {
    name: "consume burns the oldest lot first",
    file: "03_consume",
    from: "order by priority, (scope is null), expiration_date, id",
    to: "order by id",
    caughtBy: /^answer/,
  },
  {
    name: "consume draws twice",
    file: "03_consume",
    from: "set remaining_amount = remaining_amount - p_amount, open = remaining_amount > p_amount\n      where id = lot_ids[1]",
    to: "set remaining_amount = remaining_amount - least(2 * p_amount, remaining_amount), open = remaining_amount > 2 * p_amount\n      where id = lot_ids[1]",
    caughtBy: /^state/,
  },
  {
    name: "the cached totals outlive an expiry",
    file: "02_grant",
    from: "totals.next_change_at := least(totals.next_change_at, p_expires_at)",
    to: "totals.next_change_at := 'infinity'",
    caughtBy: /^(answer|state|audit)/,
  },
  {
    name: "a replay is refused when the balance is short",
    file: "03_consume",
    from: "if stored is not null then return stored; end if;",
    to: "if stored is not null and account.cached_available >= p_amount then return stored; end if;",
    caughtBy: /^answer|duplicate key/,
  },
  {
    name: "an expiry writes the balance from before it",
    file: "05_expire",
    from: "-amount, current_credits, entry_id, p_now, 'expire'",
    to: "-amount, current_credits + amount, entry_id, p_now, 'expire'",
    caughtBy: /^state/,
  },
];

describe("the property's power", () => {
  it.each(faults)("finds that $name", async ({ file, from, to, caughtBy }) => {
    const sql = creditFunctions.find(({ name }) => name === file)?.sql ?? "";
    expect(sql).toContain(from);
    await using world = await openWorld(await createTestDatabase());
    await world.database.query(sql.replace(from, () => to));
    const found = await fc.check(
      fc.asyncProperty(steps, async (list) => takeSteps(world, list)),
      { numRuns: 300, endOnFailure: true, seed: 1 },
    );
    expect(found.failed).toBe(true);
    expect((found.errorInstance as Error).message).toMatch(caughtBy);
  });
});
