// merge, freeze and limits: what is done to accounts as a whole.
import { debt, payDebts, shortfall } from "./debt.ts";
import { book, credit, debit, draw } from "./journal.ts";
import { openHolds, refused, releaseDue } from "./operation.ts";
import type { LimitRequest } from "./limits.ts";
import { accountOf, madeAccount, MAX, type Answer, type State } from "./state.ts";

export function freeze(state: State, name: string, frozen: boolean): Answer {
  const owner = madeAccount(state, name);
  releaseDue(state, owner);
  const account = state.accounts.find((candidate) => candidate.name === owner);
  if (account) account.frozen = frozen;
  return { ok: true };
}

export function setLimit(state: State, name: string, request: LimitRequest): Answer {
  const account = madeAccount(state, name);
  const others = state.limits.filter(
    (limit) => !(limit.account === account && limit.member === request.member && limit.period === request.period),
  );
  const { amount } = request;
  state.limits.splice(0, state.limits.length, ...others);
  if (amount !== null) state.limits.push({ ...request, account, amount });
  return { ok: true };
}

export function merge(state: State, from: string, to: string): Answer {
  const source = accountOf(state, from);
  if (source === undefined) return refused("not_found");
  const target = madeAccount(state, to);
  if (source === target) return refused("invalid_state");
  releaseDue(state, source);
  releaseDue(state, target);
  if (openHolds(state, source).length > 0) return refused("invalid_state");
  if (book(state, source) + book(state, target) > MAX) return refused("balance_limit");

  for (const lot of state.lots.filter(({ account, remaining }) => account === source && remaining > 0)) {
    const { remaining } = lot;
    debit(state, source, "transfer_out", remaining, [{ lot: lot.id, amount: remaining }]);
    credit(state, target, "transfer_in", remaining, lot);
  }
  moveDebt(state, source, target);
  for (const enrolment of state.enrolments.filter(({ account, ended }) => account === source && !ended)) {
    const { plan } = enrolment;
    if (state.enrolments.some((other) => other.account === target && other.plan === plan && !other.ended))
      enrolment.ended = true;
    else enrolment.account = target;
  }
  const alias = state.accounts.find(({ name }) => name === source);
  if (alias) alias.mergedInto = target;
  payDebts(state, target);
  return { ok: true };
}

function moveDebt(state: State, source: string, target: string): void {
  const owed = debt(state, source);
  if (owed === 0) return;
  const terms = { priority: 100, scope: null, effectiveAt: state.now, expiresAt: null, payment: null };
  const lot = credit(state, source, "transfer_in", owed, terms);
  for (const entry of state.entries) {
    const short = entry.account === source ? shortfall(entry) : 0;
    if (short > 0) draw(state, entry, lot.id, short);
  }
  debit(state, target, "transfer_out", owed, []);
}
