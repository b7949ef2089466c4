// grant, expiry, and the periodic credits of enrolled accounts.
import { book, credit, debit, free, isExpired } from "./journal.ts";
import { payDebts } from "./debt.ts";
import { begin, finish, refused, releaseDue } from "./operation.ts";
import { settlePayment } from "./returns.ts";
import { madeAccount, MAX, sum, type Answer, type Lot, type Plan, type State } from "./state.ts";

export interface GrantRequest {
  readonly amount: number;
  readonly priority: number;
  readonly scope: string | null;
  readonly effectiveAt: number | null;
  readonly expiresAt: number | null;
  readonly payment: number | null;
  /** What was paid, in the provider's ids: granted once over all accounts. */
  readonly fact: string | null;
  readonly key: string | null;
}

export function grant(state: State, name: string, request: GrantRequest): Answer {
  const { amount, priority, scope, payment, expiresAt, fact, key } = request;
  const hashed = ["grant", amount, priority, scope, payment];
  const effectiveAt = Math.max(state.now, request.effectiveAt ?? state.now);
  const valid = expiresAt === null || expiresAt > effectiveAt;
  // The account is made by the first request that may grant, whatever comes of it.
  if (valid) madeAccount(state, name);
  const { account, replay } = begin(state, name, key, hashed);
  const told = fact === null ? undefined : state.facts.get(fact);
  if (told) return { ...told, replayed: true };
  if (replay) return replay;
  if (!valid || account === undefined) return refused("invalid_request");
  if (book(state, account) + amount > MAX) return refused("balance_limit");
  const type = payment === null ? "adjustment" : "purchase_package";
  const lot = credit(state, account, type, amount, { priority, scope, effectiveAt, expiresAt, payment });
  payDebts(state, account);
  // Answered is what the grant left; what a payment's returns then take is theirs to tell.
  const answer = finish(state, account, key, hashed, { transaction: lot.id });
  if (payment !== null) settlePayment(state, payment);
  if (fact !== null) state.facts.set(fact, answer);
  return answer;
}

/** Answers the number of lots booked. */
export function expire(state: State): number {
  return sum(state.accounts.map(({ name }) => expireAccount(state, name)));
}

function expireAccount(state: State, account: string): number {
  if (!state.lots.some((lot) => isDue(state, account, lot))) return 0;
  releaseDue(state, account);
  const due = state.lots.filter((lot) => isDue(state, account, lot));
  const draws = due.map((lot) => ({ lot: lot.id, amount: free(lot) }));
  debit(state, account, "expire", sum(draws.map(({ amount }) => amount)), draws);
  for (const lot of due) lot.booked = lot.remaining === 0;
  return due.length;
}

function isDue(state: State, account: string, lot: Lot): boolean {
  return lot.account === account && isExpired(state, lot) && free(lot) > 0;
}

/** Answers whether the enrolment is new. */
export function enrol(state: State, name: string, plan: string): boolean {
  const account = madeAccount(state, name);
  if (state.enrolments.some((known) => known.account === account && known.plan === plan && !known.ended)) return false;
  state.enrolments.push({ account, plan, anchor: state.now, nextPeriod: 0, ended: false });
  grantDue(state, account);
  return true;
}

/** Answers the number of periods granted. */
export function distribute(state: State): number {
  return sum(state.accounts.map(({ name }) => grantDue(state, name)));
}

function grantDue(state: State, account: string): number {
  const anyDue = state.enrolments.some(
    ({ account: enrolled, ended, anchor, nextPeriod }) =>
      enrolled === account && !ended && addMonthsUtc(anchor, nextPeriod) <= state.now,
  );
  if (anyDue) releaseDue(state, account);
  for (let count = 0; ; count += 1) {
    const [due] = state.enrolments
      .filter((enrolment) => enrolment.account === account && !enrolment.ended)
      .map((enrolment) => ({
        enrolment,
        plan: planOf(state, enrolment.plan),
        at: addMonthsUtc(enrolment.anchor, enrolment.nextPeriod),
      }))
      .filter(({ plan, at }) => at <= state.now && book(state, account) + plan.credits <= MAX)
      .toSorted((a, b) => a.at - b.at);
    if (due === undefined) return count;
    const { credits, validDays } = due.plan;
    const expiresAt = validDays === null ? null : state.now + validDays * 86_400_000;
    const terms = { priority: 100, scope: null, effectiveAt: state.now, expiresAt, payment: null };
    credit(state, account, "monthly_refresh", credits, terms);
    payDebts(state, account);
    due.enrolment.nextPeriod += 1;
  }
}

function planOf(state: State, id: string): Plan {
  const plan = state.plans.find((candidate) => candidate.id === id);
  if (plan === undefined) throw new Error(`the model has no plan ${id}`);
  return plan;
}

/** The moment k months after a UTC moment, clamped to the month's last day. */
function addMonthsUtc(moment: number, months: number): number {
  const from = new Date(moment);
  const lastDay = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0));
  lastDay.setUTCDate(Math.min(from.getUTCDate(), lastDay.getUTCDate()));
  return lastDay.getTime() + (moment % 86_400_000);
}
