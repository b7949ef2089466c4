// Runs the property over many random histories, and tells how to replay the one that failed.
import fc from "fast-check";
import { createTestDatabase } from "../support/database.ts";
import { takeHistory, type Seen } from "./history.ts";
import { histories, type Step } from "./steps.ts";
import { openWorld, type World } from "./world.ts";

/** How long a failing history may be made shorter. */
const SHRINKING_MS = 60_000;

export interface Run {
  readonly runs: number;
  /** The test file to replay with. */
  readonly file: string;
  /** Told after each part of the runs, which has a seed of its own. */
  readonly progress?: (told: { readonly runs: number; readonly seed: number; readonly seen: Seen }) => void;
}

/** Throws with seed, path and the shortest failing history. PROPERTY_SEED and PROPERTY_PATH replay it alone. */
export async function checkLedger({ runs, file, progress }: Run): Promise<Seen> {
  const seen: Seen = new Map();
  await using world = await openWorld(await createTestDatabase());
  const given = process.env["PROPERTY_SEED"];
  const path = process.env["PROPERTY_PATH"];
  const part = 500;
  for (let done = 0; done < runs; done += part) {
    const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given) + done;
    const numRuns = Math.min(part, runs - done);
    const replay = path === undefined ? { seed } : { seed, path };
    const found = await checkHistories(world, seen, { ...replay, numRuns });
    if (found.failed) {
      throw new Error(
        `${found.error}\nafter ${done + found.runs} runs, made shorter ${found.shrinks} times:\n${found.history}\n` +
          `replay: PROPERTY_SEED=${seed} PROPERTY_PATH=${found.path} npx vitest run ${file}`,
      );
    }
    progress?.({ runs: done + numRuns, seed, seen });
    if (path !== undefined) break;
  }
  return seen;
}

type Found =
  | { readonly failed: false }
  | {
      readonly failed: true;
      readonly error: string;
      readonly history: string;
      readonly path: string;
      readonly runs: number;
      readonly shrinks: number;
    };

export async function checkHistories(
  world: World,
  seen: Seen,
  parameters: {
    readonly seed: number;
    readonly path?: string;
    readonly numRuns: number;
    readonly endOnFailure?: boolean;
  },
): Promise<Found> {
  let failedAt: number | undefined;
  const property = fc.asyncProperty(histories, async (list: readonly Step[]) => {
    if (failedAt !== undefined && performance.now() > failedAt + SHRINKING_MS) return;
    try {
      await takeHistory(world, list, seen);
    } catch (error) {
      failedAt ??= performance.now();
      throw error;
    }
  });
  const details = await fc.check(property, parameters);
  if (!details.failed) return { failed: false };
  const error = details.errorInstance;
  return {
    failed: true,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    history: (details.counterexample?.[0] ?? []).map((step) => `  ${JSON.stringify(step)}`).join("\n"),
    path: details.counterexamplePath ?? "",
    runs: details.numRuns,
    shrinks: details.numShrinks,
  };
}
