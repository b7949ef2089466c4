// refund of a debit: gives back what it drew, newest draw first, as new lots like those drawn.
import { shortfall } from "./debt.ts";
import { book, credit, debit, draw, lotOf } from "./journal.ts";
import { refundedOf } from "./limits.ts";
import { begin, finish, refused } from "./operation.ts";
import { aliases, MAX, sum, type Answer, type Entry, type State } from "./state.ts";

export const HOUR = 3_600_000;
const DEFAULT_GRACE_HOURS = 24;

export interface RefundRequest {
  /** Null: all that is not refunded yet. */
  readonly amount: number | null;
  readonly graceHours: number | null;
  readonly key: string | null;
}

export function refundByTransaction(state: State, id: string | undefined, request: RefundRequest): Answer {
  const debited = state.entries.find((entry) => entry.id === id);
  return debited === undefined ? refused("not_found") : refund(state, debited.account, debited, request);
}

export function refundByKey(state: State, name: string, debitKey: string, request: RefundRequest): Answer {
  const stored = aliases(state, name)
    .map((alias) => state.keys.get(`${alias.name} ${debitKey}`))
    .find((known) => known?.answer["transaction"] !== undefined);
  const debited = state.entries.find((entry) => entry.id === stored?.answer["transaction"]);
  return debited === undefined ? refused("not_found") : refund(state, name, debited, request);
}

function refund(state: State, name: string, debited: Entry, request: RefundRequest): Answer {
  const { key, graceHours } = request;
  const hashed = ["refund", debited.id, request.amount];
  const { account, replay } = begin(state, name, key, hashed);
  if (replay) return replay;
  const adjusted = debited.type === "adjustment" && debited.amount < 0 && !state.takenBack.has(debited.id);
  const refundable = debited.type === "usage" || adjusted;
  if (!refundable || account === undefined) return refused("invalid_state");
  const left = -debited.amount - refundedOf(state, debited.id);
  const amount = request.amount ?? left;
  if (amount > left || left === 0) return refused("invalid_state");
  if (book(state, account) + amount > MAX) return refused("balance_limit");
  const [first] = giveBack(state, account, debited, amount, "refund", graceHours ?? DEFAULT_GRACE_HOURS);
  return finish(state, account, key, hashed, { transaction: first, refunded: amount });
}

/** Gives back `amount` of a debit as entries on the account; answers their ids. */
export function giveBack(
  state: State,
  account: string,
  debited: Entry,
  amount: number,
  type: "refund" | "reinstate",
  graceHours = DEFAULT_GRACE_HOURS,
): string[] {
  const written: string[] = [];
  let wanted = amount;
  const short = Math.min(shortfall(debited), wanted);
  if (short > 0) {
    const terms = {
      priority: 100,
      scope: null,
      effectiveAt: state.now,
      expiresAt: null,
      payment: null,
    };
    const lot = credit(state, account, type, short, terms, { refundOf: debited.id });
    draw(state, debited, lot.id, short);
    written.push(lot.id);
    wanted -= short;
  }
  for (let n = debited.draws.length; n > 0 && wanted > 0; n -= 1) {
    const { lot: id, amount: taken } = debited.draws[n - 1] ?? { lot: "", amount: 0 };
    const origin = state.entries.find((entry) => entry.id === id);
    if (origin?.refundOf === debited.id && origin.type !== "adjustment") continue;
    const given = sum(
      state.entries
        .filter(({ refundOf, refundDraw }) => refundOf === debited.id && refundDraw === n)
        .map((entry) => entry.amount),
    );
    const part = Math.min(taken - given, wanted);
    if (part === 0) continue;
    const { priority, scope, effectiveAt, expiresAt, payment } = lotOf(state, id);
    const until = expiresAt === null ? null : Math.max(expiresAt, state.now + graceHours * HOUR);
    const terms = { priority, scope, effectiveAt, expiresAt: until, payment };
    const lot = credit(state, account, type, part, terms, { refundOf: debited.id, refundDraw: n });
    written.push(lot.id);
    wanted -= part;
    // What was forgiven had been spent: giving it back would let it be kept twice.
    if (origin?.refundOf === debited.id) {
      state.takenBack.add(debit(state, account, "adjustment", part, [{ lot: lot.id, amount: part }]).id);
    }
  }
  return written;
}
