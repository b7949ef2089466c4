// The worker of drivers whose queue it asks, beside a queue that can be away.
import { expect, it } from "vitest";
import { signal } from "../../test/flows/setup.ts";
import { silentLogger } from "../kernel/logger.ts";
import type { DrainResult } from "../tasks/drain.ts";
import { residentWorker, WAKE_JOB } from "./resident-worker.ts";

const nothing: DrainResult = { processed: 0, done: 0, failed: 0, dead: 0, remaining: 0, nextRunAt: null };

it("takes wakes from a queue that was away when it began, once it is there, and ends what it began", async () => {
  const answered = signal();
  let starts = 0;
  let ended = 0;
  const runtime = {
    async answer() {
      answered.give();
      return nothing;
    },
    stop: async (until?: Promise<unknown>) => void (await until),
    tick: async () => undefined,
    wake: async () => undefined,
    logger: silentLogger,
  };
  const worker = residentWorker(runtime, {
    tickEveryMs: 5,
    async start(answer) {
      starts += 1;
      if (starts < 3) throw new Error("away");
      void answer(WAKE_JOB);
      return async () => void (ended += 1);
    },
  });
  await answered.given;
  await worker.stop();
  expect({ starts, ended }).toEqual({ starts: 3, ended: 1 });
});
