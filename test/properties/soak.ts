// The property over many more histories than a test run has time for: `npm run test:soak`. Each of two processes takes
// a half; both tell how far they are, and with which seed, after every part.
import { expect, it } from "vitest";
import { checkLedger } from "./property.ts";

/** Takes a half of PROPERTY_RUNS, 100,000 when nothing is said. */
export function soak(file: string): void {
  const runs = Math.ceil(Number(process.env["PROPERTY_RUNS"] ?? 100_000) / 2);
  const began = Date.now();
  it(
    `the ledger answers and stores what a plain model does, over ${runs} random histories`,
    async () => {
      const told = checkLedger({
        runs,
        file,
        progress: ({ runs: done, seed, seen }) => {
          const minutes = ((Date.now() - began) / 60_000).toFixed(1);
          const steps = [...seen.values()].reduce((sum, count) => sum + count, 0);
          process.stdout.write(`${file}: ${done} of ${runs}, ${steps} steps, ${minutes} min, last seed ${seed}\n`);
        },
      });
      // At once, and not when the other half is through as well, hours later.
      told.catch((error: unknown) => process.stdout.write(`${file} FAILED\n${String(error)}\n`));
      await expect(told).resolves.toBeDefined();
    },
    7 * 24 * 3_600_000,
  );
}
