// What every operation begins and ends with: holds past their deadline, the idempotency key, and what is answered.
import { debt, payDebts } from "./debt.ts";
import { book, free, isExpired, isPending, liveLots, lotOf } from "./journal.ts";
import { accountOf, aliases, sum, type Answer, type Hold, type State } from "./state.ts";

export function refused(code: string): Answer {
  return { refused: code };
}

/** Gives up what a hold still holds. */
export function release(state: State, hold: Hold, status: "captured" | "voided" | "expired"): void {
  for (const { lot, amount } of hold.parts) lotOf(state, lot).held -= amount;
  hold.status = status;
}

export function openHolds(state: State, account: string): Hold[] {
  return state.holds.filter((hold) => hold.account === account && hold.status === "open");
}

/** Does what time has done: releases an account's holds that are past their deadline; answers how many. */
export function releaseDue(state: State, account: string): number {
  const due = dueHolds(state, account);
  for (const hold of due) release(state, hold, "expired");
  // Also when none is due: what a lot that expired under its hold would have paid is lost.
  payDebts(state, account);
  return due.length;
}

function dueHolds(state: State, account: string): Hold[] {
  return openHolds(state, account).filter(({ expiresAt }) => expiresAt <= state.now);
}

/** The tick's sweep. */
export function releaseHolds(state: State): number {
  const holders = state.accounts.filter(({ name }) => dueHolds(state, name).length > 0);
  return sum(holders.map(({ name }) => releaseDue(state, name)));
}

/** Finds the account and what its key stored. */
export function begin(
  state: State,
  name: string,
  key: string | null,
  request: readonly unknown[],
): { readonly account: string | undefined; readonly replay: Answer | undefined } {
  const account = accountOf(state, name);
  if (account !== undefined) releaseDue(state, account);
  return { account, replay: replayOf(state, name, key, request) };
}

function replayOf(state: State, name: string, key: string | null, request: readonly unknown[]): Answer | undefined {
  if (key === null) return undefined;
  for (const alias of aliases(state, name)) {
    const stored = state.keys.get(`${alias.name} ${key}`);
    if (stored === undefined) continue;
    if (stored.request !== JSON.stringify(request)) return refused("idempotency_conflict");
    // A hold is answered as it is by now, with the balance of then.
    const { captured: _captured, status: _status, ...answer } = stored.answer;
    return { ...answer, replayed: true };
  }
  return undefined;
}

/** Ends an operation that wrote: credits that became free pay debts, and the key stores what is answered. */
export function finish(
  state: State,
  account: string,
  key: string | null,
  request: readonly unknown[],
  outcome: Answer,
): Answer {
  payDebts(state, account);
  const { balance, available } = totals(state, account);
  const answer = { balance, available, replayed: false, ...outcome };
  if (key !== null) state.keys.set(`${account} ${key}`, { request: JSON.stringify(request), answer });
  return answer;
}

export interface Totals {
  readonly balance: number;
  readonly available: number;
  readonly held: number;
  readonly debt: number;
}

/** What an account has, all of its due holds released. */
export function totals(state: State, account: string | undefined): Totals {
  const lots = state.lots.filter((lot) => lot.account === account);
  const owed = debt(state, account);
  return {
    balance:
      book(state, account) -
      sum(lots.filter((lot) => isExpired(state, lot)).map(free)) -
      sum(lots.filter((lot) => isPending(state, lot)).map(({ remaining }) => remaining)),
    available: owed > 0 ? 0 : sum(liveLots(state, account).map(free)),
    held: sum(lots.map(({ held }) => held)),
    debt: owed,
  };
}
