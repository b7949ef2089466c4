// Takes a step on the model. Steps name holds and debits by how new they are; the model tells which one is meant.
import { enrol, distribute, expire, grant } from "./model/grant.ts";
import { capture, hold, voidHold } from "./model/hold.ts";
import { freeze, merge, setLimit } from "./model/merge.ts";
import { releaseHolds } from "./model/operation.ts";
import { HOUR, refundByKey, refundByTransaction } from "./model/refund.ts";
import { settleReturns } from "./model/returns.ts";
import { adjust, consume } from "./model/spend.ts";
import type { Answer, State } from "./model/state.ts";
import type { SingleStep, Step } from "./steps.ts";

export const PAID = 999;

export interface Meant {
  readonly hold: string | undefined;
  readonly debit: string | undefined;
}

/** The hold and the debit that a step means, as the model names them. */
export function meantBy(state: State, step: Step): Meant {
  if (!("pick" in step)) return { hold: undefined, debit: undefined };
  const holds = [
    ...state.holds.filter(({ status }) => status !== "open"),
    ...state.holds.filter(({ status }) => status === "open"),
  ];
  const debits = state.entries.filter(({ type, amount }) => amount < 0 && (type === "usage" || type === "adjustment"));
  // Now and then something that can't be refunded.
  const pool = step.pick === 5 ? state.entries : debits;
  return { hold: holds.at(-1 - step.pick)?.id, debit: pool.at(-1 - step.pick)?.id };
}

/** Takes a step that is one transaction. */
export function takeSingle(state: State, step: SingleStep, meant: Meant): Answer {
  const at = (hours: number | null): number | null => (hours === null ? null : state.now + hours * HOUR);
  switch (step.take) {
    case "grant":
      return grant(state, step.account, {
        ...step,
        effectiveAt: at(step.effectiveIn),
        expiresAt: at(step.expiresIn),
        payment: null,
        fact: null,
      });
    case "pay":
      return grant(state, step.account, { ...step, effectiveAt: null, expiresAt: at(step.expiresIn), key: null });
    case "consume":
      return consume(state, step.account, step);
    case "adjust":
      return adjust(state, step.account, { ...step, expiresAt: at(step.expiresIn) });
    case "hold":
      return hold(state, step.account, { ...step, expiresAt: state.now + step.hours * HOUR });
    case "capture":
      return capture(state, meant.hold, step);
    case "void":
      return voidHold(state, meant.hold, step.key);
    case "refund":
      return refundByTransaction(state, meant.debit, step);
    case "refundByKey":
      return refundByKey(state, step.account, step.debitKey, step);
    case "settle":
      return settleReturns(state, step.payment, {
        paid: PAID,
        returned: step.returned,
        policy: step.policy ?? "debt",
      });
    case "merge":
      return merge(state, step.from, step.to.replace(/\/.*/, step.from.replace(/.*\//, "/")));
    case "freeze":
      return freeze(state, step.account, step.frozen);
    case "limit":
      return setLimit(state, step.account, step);
    case "enrol":
      return { created: enrol(state, step.account, step.plan) };
  }
}

export type Sweep = Exclude<Step, SingleStep | { take: "again" | "abort" | "kill" | "together" }>;

/** Takes a step over all accounts. */
export function takeSweep(state: State, step: Sweep): Answer {
  switch (step.take) {
    case "wait":
      state.now += step.hours * HOUR;
      return {};
    case "expire":
      return { count: expire(state) };
    case "distribute":
      return { count: distribute(state) };
    case "releaseHolds":
      return { count: releaseHolds(state) };
  }
}
