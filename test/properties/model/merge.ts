// merge, freeze and limits: what is done to accounts as a whole.
import { debt, payDebts, shortfall } from "./debt.ts";
import { book, credit, debit, draw } from "./journal.ts";
import { openHolds, refused, releaseDue } from "./operation.ts";
import { periodOf, type LimitRequest } from "./limits.ts";
import { accountOf, isFrozen, madeAccount, MAX, type Answer, type Limit, type State } from "./state.ts";

export function freeze(state: State, name: string, frozen: boolean): Answer {
  const owner = frozen ? madeAccount(state, name) : accountOf(state, name);
  const account = state.accounts.find((candidate) => candidate.name === owner);
  if (account) account.frozen = frozen;
  return { ok: true };
}

export function setLimit(state: State, name: string, request: LimitRequest): Answer {
  const { member, period, amount } = request;
  const account = amount === null ? accountOf(state, name) : madeAccount(state, name);
  if (account === undefined) return { ok: true };
  releaseDue(state, account);
  const known = limitOf(state, account, request);
  if (known) state.limits.splice(state.limits.indexOf(known), 1);
  if (amount !== null) {
    const timeZone = request.timeZone ?? known?.timeZone ?? "UTC";
    const since = known?.timeZone === timeZone ? known.since : periodOf({ period, timeZone }, state.now);
    state.limits.push({ account, member, period, timeZone, amount, since });
  }
  return { ok: true };
}

function limitOf(state: State, account: string, kind: Pick<Limit, "member" | "period">): Limit | undefined {
  return state.limits.find(
    (limit) => limit.account === account && limit.member === kind.member && limit.period === kind.period,
  );
}

export function merge(state: State, from: string, to: string): Answer {
  const source = accountOf(state, from);
  if (source === undefined) return { ok: true };
  const target = madeAccount(state, to);
  // Done before, or nothing that could be done.
  if (source === target) return target !== from ? { ok: true } : refused("invalid_request");
  if (source !== from) return refused("invalid_state");
  releaseDue(state, source);
  releaseDue(state, target);
  if (openHolds(state, source).length > 0) return refused("invalid_state");
  if (book(state, source) + debt(state, source) + book(state, target) > MAX) return refused("balance_limit");

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
  moveLimits(state, source, target);
  freeze(state, target, isFrozen(state, source) || isFrozen(state, target));
  const alias = state.accounts.find(({ name }) => name === source);
  if (alias) alias.mergedInto = target;
  payDebts(state, target);
  return { ok: true };
}

/** Limits move where the target has none of the kind, and count what the target has spent. */
function moveLimits(state: State, source: string, target: string): void {
  for (const limit of state.limits.filter(({ account }) => account === source)) {
    state.limits.splice(state.limits.indexOf(limit), 1);
    if (!limitOf(state, target, limit)) {
      state.limits.push({ ...limit, account: target, since: periodOf(limit, state.now) });
    }
  }
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
