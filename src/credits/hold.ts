// Holds: credits set aside for work whose cost is not known yet, captured in part or whole, or given back.
import type { Database } from "../db/database.ts";
import type { Allocation } from "./consume.ts";
import { callFunction, write, type StoredOutcome, type WriteOptions } from "./context.ts";
import {
  checkAccount,
  checkAmount,
  checkId,
  checkOptionalText,
  checkTime,
  invalid,
  metadataText,
  type AccountInput,
} from "./input.ts";
import { TallystickError } from "../kernel/errors.ts";

export type HoldStatus = "open" | "captured" | "voided" | "expired";

export interface Hold {
  readonly id: string;
  readonly amount: number;
  /** What a capture took of it. */
  readonly captured: number;
  readonly status: HoldStatus;
  /** From this moment on the hold counts as released. */
  readonly expiresAt: Date;
}

export interface HoldInput extends AccountInput {
  /** Credits: a whole number, 1 to 2^53-1. */
  readonly amount: number;
  /** The hold's life in seconds: 1 to 30 days; default 900. */
  readonly expiresInSeconds?: number | undefined;
  /** The deadline itself, instead of the seconds. */
  readonly expiresAt?: Date | undefined;
  /** The feature that will spend: it may also use lots that are kept for it. */
  readonly feature?: string | undefined;
  /** Who of a shared account spends. */
  readonly member?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

export interface HoldResult extends Hold {
  readonly balance: number;
  readonly available: number;
  /** True when the key had been used before with the same parameters: nothing was held now. */
  readonly replayed: boolean;
}

export interface CaptureInput {
  readonly holdId: string;
  /** What the work cost; undefined: all that is held. */
  readonly amount?: number | undefined;
  /** What to do when the work cost more than is held: `refuse` (default), or `consume` the rest in the same transaction. */
  readonly overage?: "refuse" | "consume" | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Undefined: the hold's. */
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

export interface CaptureResult extends HoldResult {
  readonly transactionId: string;
  /** The hold's own lots, in the order in which they were held. */
  readonly allocations: readonly Allocation[];
}

export interface VoidInput {
  readonly holdId: string;
  readonly idempotencyKey?: string | undefined;
}

interface StoredHold extends StoredOutcome, Omit<HoldResult, "expiresAt" | "balance" | "available"> {
  readonly balance: number;
  readonly available: number;
  readonly expiresAt: string;
  readonly transactionId: string;
  readonly allocations: readonly Allocation[];
}

const THIRTY_DAYS_S = 30 * 86_400;

/**
 * Sets credits aside in one statement: all of the amount or nothing, from live lots in burn order. They are not available
 * to anything else until the hold is captured or voided, or its deadline comes, which every check honours at once.
 * @throws insufficient_credits, spend_limit_exceeded, account_frozen, invalid_request, idempotency_conflict, lock_timeout
 */
export async function hold(database: Database, input: HoldInput, options?: WriteOptions): Promise<HoldResult> {
  checkAccount(input);
  checkAmount(input.amount);
  checkTime("expiresAt", input.expiresAt);
  const seconds = input.expiresInSeconds;
  if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= THIRTY_DAYS_S)) {
    throw invalid(`expiresInSeconds must be a whole number from 1 to ${THIRTY_DAYS_S}.`);
  }
  if (seconds !== undefined && input.expiresAt !== undefined) {
    throw invalid("give expiresInSeconds or expiresAt, not both.");
  }
  checkOptionalText("feature", input.feature, 255);
  checkOptionalText("member", input.member, 255);
  checkOptionalText("idempotencyKey", input.idempotencyKey, 255);
  checkOptionalText("description", input.description, 1000);
  const stored = await write<StoredHold>(database, options, "hold_credits", {
    p_user_id: input.userId,
    p_unit: input.unit,
    p_amount: input.amount,
    p_lifetime_seconds: seconds,
    p_expires_at: input.expiresAt,
    p_feature: input.feature,
    p_member: input.member,
    p_idempotency_key: input.idempotencyKey,
    p_description: input.description,
    p_metadata: metadataText(input.metadata),
  });
  return holdResult(stored);
}

/**
 * Debits what the work cost from the hold's own lots, in the order in which they were held, also when one has expired
 * meanwhile; the rest returns to its lots. One transaction; a hold is settled once.
 * @throws not_found; invalid_state when the hold is settled, past its deadline, or smaller than the amount; with
 * `overage: "consume"` also what consume throws, and then nothing is captured; invalid_request, idempotency_conflict, lock_timeout
 */
export async function capture(database: Database, input: CaptureInput, options?: WriteOptions): Promise<CaptureResult> {
  checkId("hold", input.holdId);
  if (input.amount !== undefined) checkAmount(input.amount);
  if (input.overage !== undefined && input.overage !== "refuse" && input.overage !== "consume") {
    throw invalid('overage must be "refuse" or "consume".');
  }
  checkOptionalText("idempotencyKey", input.idempotencyKey, 255);
  checkOptionalText("description", input.description, 1000);
  const stored = await write<StoredHold>(database, options, "capture_hold", {
    p_hold_id: input.holdId,
    p_amount: input.amount,
    p_overage: input.overage,
    p_idempotency_key: input.idempotencyKey,
    p_description: input.description,
    p_metadata: metadataText(input.metadata),
  });
  return { ...holdResult(stored), transactionId: stored.transactionId, allocations: stored.allocations };
}

/**
 * Gives a hold back whole. One transaction; a hold is settled once.
 * @throws not_found; invalid_state when the hold is settled or past its deadline; idempotency_conflict, lock_timeout
 */
export async function voidHold(database: Database, input: VoidInput, options?: WriteOptions): Promise<HoldResult> {
  checkId("hold", input.holdId);
  checkOptionalText("idempotencyKey", input.idempotencyKey, 255);
  const parameters = { p_hold_id: input.holdId, p_idempotency_key: input.idempotencyKey };
  return holdResult(await write<StoredHold>(database, options, "void_hold", parameters));
}

export interface HoldView extends Hold {
  readonly userId: string;
  readonly unit: string;
  /** The entry of its capture. */
  readonly transactionId: string | null;
}

/** Reads a hold as it counts now: past its deadline it is expired. @throws not_found */
export async function getHold(database: Database, { holdId }: { readonly holdId: string }): Promise<HoldView> {
  checkId("hold", holdId);
  const stored = await callFunction<(Omit<HoldView, "expiresAt"> & { readonly expiresAt: string }) | null>(
    database,
    "credit_hold_at",
    { p_hold_id: holdId },
  );
  if (stored === null) throw new TallystickError("not_found", `There is no hold ${holdId}.`);
  const { id, userId, unit, amount, captured, status, expiresAt, transactionId } = stored;
  return { id, userId, unit, amount, captured, status, expiresAt: new Date(expiresAt), transactionId };
}

// Named one by one: jsonb keeps no order, and people read these answers.
function holdResult(stored: StoredHold): HoldResult {
  const { id, amount, captured, status, expiresAt, balance, available, replayed } = stored;
  return { id, amount, captured, status, expiresAt: new Date(expiresAt), balance, available, replayed };
}
