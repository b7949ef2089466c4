// settleReturns: claws back and reinstates until an account keeps the share of a payment's credits that stayed paid.
import { debt, payDebts } from "./debt.ts";
import { book, debit, takeFrom, unexpiredLots } from "./journal.ts";
import { refundedOf } from "./limits.ts";
import { refused, releaseDue } from "./operation.ts";
import { giveBack } from "./refund.ts";
import { accountOf, MAX, sum, type Answer, type Entry, type Return, type State } from "./state.ts";

const GRANTS = new Set([
  "register_gift",
  "monthly_refresh",
  "subscription_renewal",
  "lifetime_monthly",
  "purchase_package",
]);

interface Settled {
  clawedBack: number;
  reinstated: number;
  forgiven: number;
}

class BalanceLimit extends Error {}

export function settleReturns(state: State, payment: number, terms: Return): Answer {
  const trial = structuredClone(state);
  trial.returns.set(payment, terms);
  if (settlePayment(trial, payment) === undefined) return refused("balance_limit");
  state.returns.set(payment, terms);
  return { ...settlePayment(state, payment) };
}

/** Also after each grant of the payment. All or, where a balance would go over the limit, nothing: undefined. */
export function settlePayment(state: State, payment: number): Settled | undefined {
  try {
    settle(structuredClone(state), payment);
  } catch (error) {
    if (error instanceof BalanceLimit) return undefined;
    throw error;
  }
  return settle(state, payment);
}

function settle(state: State, payment: number): Settled {
  const settled: Settled = { clawedBack: 0, reinstated: 0, forgiven: 0 };
  const terms = state.returns.get(payment);
  if (terms === undefined) return settled;
  const through = new Map<string, number>();
  for (const { name } of state.accounts) {
    const own = state.entries.filter((entry) => entry.payment === payment && accountOf(state, entry.account) === name);
    const granted = sum(own.filter(({ type }) => GRANTS.has(type)).map(({ amount }) => amount));
    if (granted === 0) continue;
    const [, unit = ""] = name.split("/");
    const before = through.get(unit) ?? 0;
    through.set(unit, before + granted);
    const target = share(before + granted, terms) - share(before, terms);
    const clawbacks = own.filter(({ type }) => type === "clawback");
    const standing = sum(clawbacks.map(({ id, amount }) => -amount - refundedOf(state, id)));
    if (target === standing) continue;
    releaseDue(state, name);
    if (target > standing) clawBack(state, name, payment, target - standing, terms.policy, settled);
    if (target < standing) reinstate(state, name, clawbacks, standing - target, settled);
    payDebts(state, name);
  }
  return settled;
}

function share(granted: number, { paid, returned }: Return): number {
  return returned === 0 ? 0 : Number((BigInt(granted) * BigInt(returned)) / BigInt(paid));
}

function clawBack(
  state: State,
  account: string,
  payment: number,
  amount: number,
  policy: "debt" | "forgive",
  settled: Settled,
): void {
  const lots = unexpiredLots(state, account);
  const ordered = [...lots.filter((lot) => lot.payment === payment), ...lots.filter((lot) => lot.payment !== payment)];
  const forgivable = policy === "forgive";
  const draws = takeFrom(ordered, amount);
  debit(state, account, "clawback", amount, draws, { payment, forgivable });
  settled.clawedBack += amount;
  const owed = debt(state, account);
  payDebts(state, account);
  settled.forgiven += owed - debt(state, account);
}

function reinstate(state: State, account: string, clawbacks: readonly Entry[], amount: number, settled: Settled): void {
  // Also where what is owed would take it at once: each entry's balance is within the limit.
  if (book(state, account) + amount > MAX) throw new BalanceLimit();
  let wanted = amount;
  for (const clawback of clawbacks.toReversed()) {
    const part = Math.min(-clawback.amount - refundedOf(state, clawback.id), wanted);
    if (part > 0) giveBack(state, account, clawback, part, "reinstate");
    wanted -= part;
  }
  settled.reinstated += amount;
}
