// The property's power: a planted fault must be found, or the property would prove nothing about its place.
import { describe, expect, it } from "vitest";
import { creditFunctions } from "../../src/credits/functions.generated.ts";
import { createTestDatabase } from "../support/database.ts";
import { faults } from "./faults.ts";
import { checkHistories } from "./property.ts";
import { openWorld } from "./world.ts";

describe("the property's power", () => {
  it.each(faults)(
    "finds that $name",
    async ({ file, from, to }) => {
      const sql = creditFunctions.find(({ name }) => name === file)?.sql ?? "";
      expect(sql).toContain(from);
      await using world = await openWorld(await createTestDatabase());
      await world.database.query(sql.replace(from, () => to));
      const found = await checkHistories(world, new Map(), { numRuns: 1000, endOnFailure: true, seed: 1 });
      expect(found).toMatchObject({
        failed: true,
        error: expect.stringMatching(/^(Error: (answer|state|audit)|error: )/),
      });
    },
    300_000,
  );
});
