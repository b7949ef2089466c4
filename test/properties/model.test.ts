// How far random histories come, measured on the model alone: a property proves nothing about what it never reaches.
import fc from "fast-check";
import { expect, it } from "vitest";
import { plans } from "./ledger-fixture.ts";
import { emptyState } from "./model/state.ts";
import { debt } from "./model/debt.ts";
import { pictureOf } from "./model/picture.ts";
import { meantBy, takeSingle, takeSweep, type Meant } from "./step-on-model.ts";
import { histories, type SingleStep } from "./steps.ts";

it("dist", () => {
  const seen = new Map<string, number>();
  const list = fc.sample(histories, { numRuns: 1000, seed: 1 });
  const t0 = performance.now();
  let steps = 0;
  for (const history of list) {
    const state = emptyState(Date.parse("2026-01-30T22:00:00Z"), plans);
    const here = new Set<string>();
    const keyed: { step: SingleStep; meant: Meant }[] = [];
    for (const step of history) {
      steps++;
      if (step.take === "abort" || step.take === "kill" || step.take === "together") continue;
      if (
        step.take === "wait" ||
        step.take === "expire" ||
        step.take === "distribute" ||
        step.take === "releaseHolds"
      ) {
        takeSweep(state, step);
      } else {
        const request = step.take === "again" ? keyed.at(-step.back) : { step, meant: meantBy(state, step) };
        if (!request) continue;
        if ("key" in request.step && request.step.key !== null) keyed.push(request);
        const a = takeSingle(state, request.step, request.meant);
        if (state.entries.length > 0 && debt(state, "ann/credit") > 0) here.add("debt");
        if (a["transaction"] && request.step.take === "capture" && (request.step.amount ?? 0) > Number(a["amount"]))
          here.add("overage ok");
        here.add(`${request.step.take}: ${String(a["refused"] ?? (a["replayed"] === true ? "replayed" : "ok"))}`);
        if (request.step.take === "settle")
          for (const k of ["clawedBack", "reinstated", "forgiven"]) if (Number(a[k]) > 0) here.add(`settle: ${k}`);
      }
      pictureOf(state);
      if (state.entries.some((e) => e.type === "clawback" && e.draws.length === 0)) here.add("clawback with no draws");
    }
    if (state.entries.some((e) => e.type === "transfer_in")) here.add("merged credits");
    for (const h of here) seen.set(h, (seen.get(h) ?? 0) + 1);
  }
  console.log(
    steps,
    performance.now() - t0,
    [...seen]
      .sort()
      .map(([k, v]) => `${k} ${v}`)
      .join("\n"),
  );
  expect(1).toBe(1);
});
