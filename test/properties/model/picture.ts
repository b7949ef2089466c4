// Everything of the model that can be seen, in the shape in which it is read from the database.
import { counters } from "./limits.ts";
import { debt } from "./debt.ts";
import { book, liveLots } from "./journal.ts";
import { releaseDue, totals } from "./operation.ts";
import { pairs } from "./spend.ts";
import { accountOf, type State } from "./state.ts";

export interface Picture {
  readonly accounts: Readonly<Record<string, unknown>>;
  readonly holds: readonly unknown[];
  readonly enrolments: readonly unknown[];
  readonly counters: readonly unknown[];
}

export function pictureOf(state: State): Picture {
  return {
    accounts: Object.fromEntries(state.accounts.map((account) => [account.name, accountPicture(state, account.name)])),
    holds: state.holds.map(({ account, amount, captured, status, feature, member, expiresAt, parts }) => [
      account,
      amount,
      captured,
      status,
      feature,
      member,
      expiresAt,
      pairs(parts),
    ]),
    enrolments: state.enrolments.map(({ account, plan, anchor, nextPeriod, ended }) => [
      account,
      plan,
      anchor,
      nextPeriod,
      ended,
    ]),
    counters: state.limits
      .flatMap((limit) =>
        [...counters(state, limit)]
          .filter(([, amount]) => amount !== 0)
          .map(([period, amount]) => [limit.account, limit.member, limit.period, period, amount]),
      )
      .map((row) => JSON.stringify(row))
      .toSorted(),
  };
}

function accountPicture(state: State, name: string): unknown {
  const account = state.accounts.find((candidate) => candidate.name === name);
  return {
    book: book(state, name),
    debt: debt(state, name),
    frozen: account?.frozen,
    mergedInto: account?.mergedInto,
    ...shown(state, name),
    entries: state.entries
      .filter((entry) => entry.account === name)
      .map(({ type, amount, balanceAfter, payment, refundOf, refundDraw, feature, member, forgivable, draws }) => [
        type,
        amount,
        balanceAfter,
        payment,
        refundOf,
        refundDraw,
        feature,
        member,
        forgivable,
        draws.map(({ lot, amount: drawn }, index) => [lot, drawn, index + 1]),
      ]),
    lots: state.lots
      .filter((lot) => lot.account === name)
      .map(({ id, amount, remaining, held, priority, scope, effectiveAt, expiresAt, payment, booked }) => [
        id,
        amount,
        remaining,
        held,
        priority,
        scope,
        effectiveAt,
        expiresAt,
        payment,
        booked,
      ]),
  };
}

/** What a read answers: as if what time has done were booked. */
function shown(state: State, name: string): { readonly shown: readonly number[]; readonly burn: readonly unknown[] } {
  const target = accountOf(state, name);
  const due =
    debt(state, target) > 0 || state.holds.some(({ status, expiresAt }) => status === "open" && expiresAt <= state.now);
  const read = due ? structuredClone(state) : state;
  if (due && target !== undefined) releaseDue(read, target);
  const { balance, available, held, debt: owed } = totals(read, target);
  return {
    shown: [balance, available, held, owed],
    burn: liveLots(read, target).map(({ id, remaining }) => [id, remaining]),
  };
}
