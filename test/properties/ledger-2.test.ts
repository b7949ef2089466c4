import { expect, it } from "vitest";
import { checkLedger } from "./property.ts";

// Half of the runs; the other half is in ledger-1.test.ts, so that both cores work.
const runs = Number(process.env["PROPERTY_RUNS"] ?? 1000);

it(`the ledger answers and stores what a plain model does, and passes its audit, over ${runs} random histories`, async () => {
  const told = checkLedger({ runs, file: "test/properties/ledger-2.test.ts" });
  // Rejects with the seed, the path and the shortest history that it found.
  await expect(told).resolves.toBeDefined();
}, 1_200_000);
