// Entries, lots and draws: every positive entry is a lot, every negative one a set of draws on lots.
import { sum, type Draw, type Entry, type Lot, type LotTerms, type State } from "./state.ts";

type Marks = Partial<Pick<Entry, "payment" | "refundOf" | "refundDraw" | "feature" | "member" | "forgivable">>;

/** Σ entries. */
export function book(state: State, account: string | undefined): number {
  return sum(state.entries.filter((entry) => entry.account === account).map(({ amount }) => amount));
}

function write(state: State, account: string, type: string, amount: number, marks: Marks): Entry {
  const seq = state.entries.filter((entry) => entry.account === account).length + 1;
  const entry: Entry = {
    id: `${account}#${seq}`,
    account,
    type,
    amount,
    balanceAfter: book(state, account) + amount,
    at: state.now,
    payment: null,
    refundOf: null,
    refundDraw: null,
    feature: null,
    member: null,
    forgivable: false,
    ...marks,
    draws: [],
  };
  state.entries.push(entry);
  return entry;
}

export function credit(
  state: State,
  account: string,
  type: string,
  amount: number,
  terms: LotTerms,
  marks: Marks = {},
): Lot {
  const { id } = write(state, account, type, amount, { payment: terms.payment, ...marks });
  const { priority, scope, effectiveAt, expiresAt, payment } = terms;
  const lot: Lot = {
    id,
    account,
    amount,
    priority,
    scope,
    effectiveAt,
    expiresAt,
    payment,
    remaining: amount,
    held: 0,
    booked: false,
  };
  state.lots.push(lot);
  return lot;
}

/** A debit of `amount`, drawn as far as the draws go. */
export function debit(
  state: State,
  account: string,
  type: string,
  amount: number,
  draws: readonly Draw[],
  marks: Marks = {},
): Entry {
  const entry = write(state, account, type, -amount, marks);
  for (const { lot, amount: part } of draws) draw(state, entry, lot, part);
  return entry;
}

export function draw(state: State, entry: Entry, id: string, amount: number): void {
  const lot = lotOf(state, id);
  lot.remaining -= amount;
  entry.draws.push({ lot: id, amount });
}

export function lotOf(state: State, id: string): Lot {
  const lot = state.lots.find((candidate) => candidate.id === id);
  if (lot === undefined) throw new Error(`the model has no lot ${id}`);
  return lot;
}

export function free(lot: Lot): number {
  return lot.remaining - lot.held;
}

export function isExpired(state: State, lot: Lot): boolean {
  return lot.expiresAt !== null && lot.expiresAt <= state.now;
}

export function isPending(state: State, lot: Lot): boolean {
  return lot.effectiveAt > state.now;
}

/** Priority (lower first), scoped before unscoped, earliest expiration (never last), oldest entry. */
export function inBurnOrder(lots: readonly Lot[]): Lot[] {
  // The sort is stable and lots stand oldest first.
  return lots.toSorted(
    (a, b) =>
      a.priority - b.priority ||
      Number(a.scope === null) - Number(b.scope === null) ||
      compare(a.expiresAt ?? Infinity, b.expiresAt ?? Infinity),
  );
}

// Infinity − Infinity is not a number.
function compare(a: number, b: number): number {
  return a < b ? -1 : Number(a > b);
}

export function liveLots(state: State, account: string | undefined): Lot[] {
  return inBurnOrder(
    state.lots.filter(
      (lot) => lot.account === account && lot.remaining > 0 && !isPending(state, lot) && !isExpired(state, lot),
    ),
  );
}

/** Live ones in burn order, then pending ones in burn order. */
export function unexpiredLots(state: State, account: string): Lot[] {
  const pending = state.lots.filter(
    (lot) => lot.account === account && lot.remaining > 0 && isPending(state, lot) && !isExpired(state, lot),
  );
  return [...liveLots(state, account), ...inBurnOrder(pending)];
}

/** Takes up to `amount` from the free credits of lots in their order. */
export function takeFrom(lots: readonly Lot[], amount: number): Draw[] {
  const draws: Draw[] = [];
  let wanted = amount;
  for (const lot of lots) {
    const part = Math.min(free(lot), wanted);
    if (part > 0) draws.push({ lot: lot.id, amount: part });
    wanted -= part;
  }
  return draws;
}

export function drawn(draws: readonly Draw[]): number {
  return sum(draws.map(({ amount }) => amount));
}
