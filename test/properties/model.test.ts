// How far random histories come, measured on the model alone: a property proves nothing about what it never reaches.
import fc from "fast-check";
import { expect, it } from "vitest";
import { plans } from "./ledger-fixture.ts";
import { debt, shortfall } from "./model/debt.ts";
import { emptyState, outcomeOf, type Answer, type Entry, type State } from "./model/state.ts";
import { meantBy, takeSingle, takeSweep } from "./step-on-model.ts";
import { histories, isSingle, type SingleStep, type Step } from "./steps.ts";

const HISTORIES = 1000;
const start = Date.parse("2026-01-30T22:00:00Z");

/** In how many histories each outcome was reached. */
function reach(): Map<string, number> {
  const reached = new Map<string, number>();
  for (const history of fc.sample(histories, { numRuns: HISTORIES, seed: 1 })) {
    const here = new Set<string>();
    const state = emptyState(start, plans);
    for (const step of history) take(state, step, here);
    for (const what of here) reached.set(what, (reached.get(what) ?? 0) + 1);
  }
  return reached;
}

function take(state: State, step: Step, here: Set<string>): void {
  const before = state.entries.length;
  if (isSingle(step)) {
    for (const outcome of outcomes(step, takeSingle(state, step, meantBy(state, step)))) here.add(outcome);
  } else if (step.take === "together") {
    here.add(step.commit ? "commit" : "rollback");
    for (const one of step.commit ? step.steps : []) take(state, one, here);
  } else if (step.take === "again" || step.take === "abort" || step.take === "kill") {
    here.add(step.take);
  } else {
    takeSweep(state, step);
  }
  if (step.take !== "together" && state.entries.slice(before).some((entry) => isLateForgiveness(state, entry, before)))
    here.add(`forgiven by ${step.take === "capture" || step.take === "void" ? step.take : "time"}`);
  if (state.entries.some((entry) => entry.forgivable && shortfall(entry) > 0)) here.add("may be forgiven");
  if (state.accounts.some(({ name }) => debt(state, name) > 0)) here.add("debt");
  if (state.entries.some(({ type }) => type === "transfer_in")) here.add("moved credits");
  if (state.entries.some(({ type, account }) => type === "transfer_out" && debt(state, account) > 0))
    here.add("debt beside a merge");
}

/** Whether an entry forgives a claw-back from before the step that wrote it. */
function isLateForgiveness(state: State, { type, refundOf }: Entry, before: number): boolean {
  return type === "adjustment" && refundOf !== null && state.entries.findIndex(({ id }) => id === refundOf) < before;
}

function outcomes(step: SingleStep, answer: Answer): string[] {
  const told = outcomeOf(answer);
  const parts = ["clawedBack", "reinstated", "forgiven"].filter((part) => Number(answer[part] ?? 0) > 0);
  const over = step.take === "capture" && told === "ok" && (step.amount ?? 0) > Number(answer["captured"]);
  return [`${step.take} ${told}`, ...parts, ...(over ? ["overage"] : [])];
}

it("histories often reach what matters: spending, holds, refunds, returns, debt, merges and limits", () => {
  const reached = reach();
  const share = (what: string): number => (reached.get(what) ?? 0) / HISTORIES;
  const often = ["grant ok", "pay ok", "consume ok", "hold ok", "consume insufficient_credits", "clawedBack"];
  expect(often.filter((what) => share(what) <= 0.4)).toEqual([]);
  const regular = [
    "capture ok",
    "void ok",
    "refund ok",
    "reinstated",
    "merge ok",
    "moved credits",
    "limit ok",
    "abort",
  ];
  expect(regular.filter((what) => share(what) <= 0.15)).toEqual([]);
  const sometimes = [
    "refundByKey ok",
    "forgiven",
    "debt",
    "may be forgiven",
    "commit",
    "rollback",
    "again",
    "kill",
    "enrol ok",
    "freeze ok",
    "capture invalid_state",
    "merge invalid_state",
    "consume idempotency_conflict",
  ];
  expect(sometimes.filter((what) => share(what) <= 0.04)).toEqual([]);
  const now = ["overage", "consume spend_limit_exceeded", "hold spend_limit_exceeded", "consume account_frozen"];
  expect([...now, "hold account_frozen", "forgiven by capture"].filter((what) => share(what) <= 0.01)).toEqual([]);
  const rarely = ["grant balance_limit", "merge balance_limit", "capture spend_limit_exceeded"];
  expect([...rarely, "forgiven by void", "forgiven by time"].filter((what) => share(what) <= 0)).toEqual([]);
});
