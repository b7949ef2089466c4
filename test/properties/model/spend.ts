// consume and adjust: debits fully drawn in burn order, or refused.
import { begin, finish, refused } from "./operation.ts";
import { debit, drawn, liveLots, takeFrom } from "./journal.ts";
import { debt } from "./debt.ts";
import { grant } from "./grant.ts";
import { exceedsLimit } from "./limits.ts";
import { isFrozen, type Answer, type Draw, type Entry, type State } from "./state.ts";

export interface ConsumeRequest {
  readonly amount: number;
  readonly feature: string | null;
  readonly member: string | null;
  readonly key: string | null;
}

/** Which lots would pay, in burn order; undefined when they don't suffice. */
export function affordable(
  state: State,
  account: string | undefined,
  amount: number,
  feature: string | null,
): Draw[] | undefined {
  if (account === undefined || debt(state, account) > 0) return undefined;
  const usable = liveLots(state, account).filter((lot) => lot.scope === null || lot.scope === feature);
  const draws = takeFrom(usable, amount);
  return drawn(draws) === amount ? draws : undefined;
}

/** Why a spending is refused, or its draws. */
export function spendable(
  state: State,
  account: string | undefined,
  { amount, feature, member }: Omit<ConsumeRequest, "key">,
): readonly Draw[] | string {
  if (account === undefined) return "insufficient_credits";
  if (isFrozen(state, account)) return "account_frozen";
  const draws = affordable(state, account, amount, feature);
  if (draws === undefined) return "insufficient_credits";
  return exceedsLimit(state, account, member, amount) ? "spend_limit_exceeded" : draws;
}

export function consume(state: State, name: string, request: ConsumeRequest): Answer {
  const { amount, feature, member, key } = request;
  const hashed = ["consume", amount, feature, member];
  const { account, replay } = begin(state, name, key, hashed);
  if (replay) return replay;
  const draws = spendable(state, account, request);
  if (typeof draws === "string") return refused(draws);
  if (account === undefined) return refused("insufficient_credits");
  const entry = debit(state, account, "usage", amount, draws, { feature, member });
  return finish(state, account, key, hashed, { transaction: entry.id, draws: pairs(draws) });
}

export interface AdjustRequest {
  /** Signed. */
  readonly amount: number;
  readonly feature: string | null;
  readonly expiresAt: number | null;
  readonly priority: number;
  readonly scope: string | null;
  readonly key: string | null;
}

export function adjust(state: State, name: string, request: AdjustRequest): Answer {
  const { amount, feature, key } = request;
  // Adding is a grant of type adjustment.
  if (amount > 0) return grant(state, name, { ...request, effectiveAt: null, payment: null, fact: null });
  const hashed = ["adjust", amount, feature];
  const { account, replay } = begin(state, name, key, hashed);
  if (replay) return replay;
  const draws = affordable(state, account, -amount, feature);
  if (account === undefined || draws === undefined) return refused("insufficient_credits");
  const entry: Entry = debit(state, account, "adjustment", -amount, draws, { feature });
  return finish(state, account, key, hashed, { transaction: entry.id });
}

export function pairs(draws: readonly Draw[]): (readonly [string, number])[] {
  return draws.map(({ lot, amount }) => [lot, amount] as const);
}
