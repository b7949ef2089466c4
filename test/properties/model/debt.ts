// Debt: the shortfalls of an account's debits, and how whatever becomes free pays them.
import { draw, drawn, takeFrom, unexpiredLots } from "./journal.ts";
import { sum, type Entry, type State } from "./state.ts";

export function shortfall(entry: Entry): number {
  return entry.amount < 0 ? -entry.amount - drawn(entry.draws) : 0;
}

export function debt(state: State, account: string | undefined): number {
  return sum(state.entries.filter((entry) => entry.account === account).map(shortfall));
}

/** Oldest shortfall first. */
export function payDebts(state: State, account: string): void {
  for (const entry of state.entries) {
    if (entry.account !== account || shortfall(entry) === 0) continue;
    const payment = takeFrom(unexpiredLots(state, account), shortfall(entry));
    for (const { lot, amount } of payment) draw(state, entry, lot, amount);
  }
}
