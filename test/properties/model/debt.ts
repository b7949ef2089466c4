// Debt: the shortfalls of an account's debits, how whatever becomes free pays them, and what is forgiven of them.
import { book, credit, draw, drawn, takeFrom, unexpiredLots } from "./journal.ts";
import { MAX, sum, type Entry, type State } from "./state.ts";

export function shortfall(entry: Entry): number {
  return entry.amount < 0 ? -entry.amount - drawn(entry.draws) : 0;
}

export function debt(state: State, account: string | undefined): number {
  return sum(state.entries.filter((entry) => entry.account === account).map(shortfall));
}

/** Oldest shortfall first; what nothing can pay any more is forgiven, where it may be. */
export function payDebts(state: State, account: string): void {
  for (const entry of state.entries) {
    if (entry.account !== account || shortfall(entry) === 0) continue;
    const payment = takeFrom(unexpiredLots(state, account), shortfall(entry));
    for (const { lot, amount } of payment) draw(state, entry, lot, amount);
  }
  forgiveLost(state, account);
}

/** What is held is not spent: it may still pay, the oldest shortfalls first. */
function forgiveLost(state: State, account: string): void {
  let payable = sum(unexpiredLots(state, account).map(({ held }) => held));
  for (const entry of state.entries.filter((candidate) => candidate.account === account && shortfall(candidate) > 0)) {
    const lost = Math.min(Math.max(0, shortfall(entry) - payable), MAX - book(state, account));
    payable = Math.max(0, payable - shortfall(entry));
    if (lost === 0 || !entry.forgivable) continue;
    const terms = { priority: 100, scope: null, effectiveAt: state.now, expiresAt: null, payment: null };
    const forgiveness = credit(state, account, "adjustment", lost, terms, { refundOf: entry.id });
    draw(state, entry, forgiveness.id, lost);
  }
}
