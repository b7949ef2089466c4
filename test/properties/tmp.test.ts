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
  const TIMING: Record<string, [number, number]> = {};
  const timed = (o: any, name: string, label: (a: any[]) => string) => { const f = o[name].bind(o); o[name] = async (...a: any[]) => { const t = performance.now(); try { return await f(...a); } finally { const l = label(a); const e = (TIMING[l] ??= [0, 0]); e[0]++; e[1] += performance.now() - t; } }; };
  timed(world.database, "query", (a) => String(a[0]).slice(0, 34).replace(/\s+/g, " "));
  timed(world, "reset", () => "RESET"); timed(world, "setClock", () => "CLOCK"); timed(world.credits, "audit", () => "AUDIT");
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
  console.log(Object.entries(TIMING).sort((a, b) => b[1][1] - a[1][1]).slice(0, 16).map(([k, [n, t]]) => `${k}: ${n} x ${(t / n).toFixed(2)} = ${t.toFixed(0)}`).join("\n"));
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
