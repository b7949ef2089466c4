// hold, capture and void: reserving moves nothing; capturing draws on the hold's own lots.
import { begin, finish, refused, release } from "./operation.ts";
import { debit, lotOf } from "./journal.ts";
import { payDebts } from "./debt.ts";
import { pairs, spendable, type ConsumeRequest } from "./spend.ts";
import { type Answer, type Draw, type Hold, type State } from "./state.ts";

export interface HoldRequest extends ConsumeRequest {
  readonly expiresAt: number;
}

export function hold(state: State, name: string, request: HoldRequest): Answer {
  const { amount, feature, member, expiresAt, key } = request;
  const hashed = ["hold", amount, feature, member];
  const { account, replay } = begin(state, name, key, hashed);
  if (replay) return replay;
  const parts = spendable(state, account, request);
  if (typeof parts === "string") return refused(parts);
  if (account === undefined) return refused("insufficient_credits");
  for (const { lot, amount: part } of parts) lotOf(state, lot).held += part;
  const opened: Hold = {
    id: `!${state.holds.length + 1}`,
    account,
    amount,
    feature,
    member,
    at: state.now,
    expiresAt,
    parts,
    captured: 0,
    status: "open",
  };
  state.holds.push(opened);
  return finish(state, account, key, hashed, { hold: opened.id, ...settled(opened) });
}

export interface CaptureRequest {
  /** Null: all that is held. */
  readonly amount: number | null;
  readonly overage: "refuse" | "consume" | null;
  readonly key: string | null;
}

export function capture(state: State, id: string | undefined, request: CaptureRequest): Answer {
  const { overage, key } = request;
  const captured = state.holds.find((candidate) => candidate.id === id);
  const hashed = ["capture", id, request.amount ?? captured?.amount, overage ?? "refuse"];
  if (captured === undefined) return refused("not_found");
  const { account, replay } = begin(state, captured.account, key, hashed);
  if (replay) return replay;
  if (captured.status !== "open" || account === undefined) return refused("invalid_state");
  const amount = request.amount ?? captured.amount;
  const within = Math.min(amount, captured.amount);
  const over = amount - within;
  if (over > 0 && overage !== "consume") return refused("invalid_state");

  const { feature, member } = captured;
  const before = structuredClone(state);
  release(state, captured, "captured");
  captured.captured = within;
  const draws = firstOf(captured.parts, within);
  const entry = debit(state, account, "usage", within, draws, { feature, member });
  payDebts(state, account);
  if (over > 0) {
    const more = spendable(state, account, { amount: over, feature, member });
    if (typeof more === "string") {
      Object.assign(state, before);
      return refused(more);
    }
    debit(state, account, "usage", over, more, { feature, member });
  }
  const outcome = { hold: captured.id, ...settled(captured), transaction: entry.id, draws: pairs(draws) };
  return finish(state, account, key, hashed, outcome);
}

export function voidHold(state: State, id: string | undefined, key: string | null): Answer {
  const hashed = ["void", id];
  const voided = state.holds.find((candidate) => candidate.id === id);
  if (voided === undefined) return refused("not_found");
  const { account, replay } = begin(state, voided.account, key, hashed);
  if (replay) return replay;
  if (voided.status !== "open" || account === undefined) return refused("invalid_state");
  release(state, voided, "voided");
  return finish(state, account, key, hashed, { hold: voided.id, ...settled(voided) });
}

function settled({ amount, captured, status }: Hold): Answer {
  return { amount, captured, status };
}

function firstOf(parts: readonly Draw[], amount: number): Draw[] {
  const draws: Draw[] = [];
  let wanted = amount;
  for (const { lot, amount: part } of parts) {
    if (wanted > 0) draws.push({ lot, amount: Math.min(part, wanted) });
    wanted -= Math.min(part, wanted);
  }
  return draws;
}
