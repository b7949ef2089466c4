import { it } from "vitest";
import fc from "fast-check";
import { createTestDatabase } from "../support/database.ts";
import { takeHistory } from "./history.ts";
import { histories, type Step } from "./steps.ts";
import { openWorld } from "./world.ts";
const allowed = new Set((process.env["ALLOW"] ?? "grant,consume,wait,expire,enrol,distribute").split(","));
const denied = new Set((process.env["DENY"] ?? "").split(","));
const ok = (n: string) => (process.env["DENY"] ? !denied.has(n) : allowed.has(n));
const fine = (step: Step): boolean =>
  "step" in step
    ? ok(step.step.take)
    : "steps" in step
      ? step.steps.every((s) => ok(s.take))
      : step.take === "again" || ok(step.take);
it("tmp", async () => {
  await using world = await openWorld(await createTestDatabase());
  const seen = new Map<string, number>();
  let failedAt = 0;
  let n = 0;
  const t0 = performance.now();
  const d = await fc.check(
    fc.asyncProperty(histories, async (list) => {
      if (failedAt && performance.now() > failedAt + Number(process.env["SHRINK"] ?? 30) * 1000) return;
      try {
        n++;
        await takeHistory(world, list.filter(fine), seen);
      } catch (e) {
        failedAt ||= performance.now();
        throw e;
      }
    }),
    { numRuns: Number(process.env["RUNS"] ?? 200), seed: Number(process.env["SEED"] ?? 1) },
  );
  console.log(
    n,
    (performance.now() - t0) / n,
    "ms/run",
    [...seen]
      .sort()
      .map(([k, v]) => `${k} ${v}`)
      .join("; "),
  );
  if (d.failed) {
    console.log(String((d.errorInstance as Error).stack).slice(0, 9000));
    console.log(
      (d.counterexample?.[0] ?? [])
        .filter(fine)
        .map((s) => JSON.stringify(s))
        .join("\n"),
    );
    throw new Error("failed");
  }
}, 600_000);
