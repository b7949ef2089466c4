// What happens to accounts as a whole: freeze, merge, erase.
import type { Database, Queryable } from "../db/database.ts";
import { write, type StoredOutcome, type WriteOptions } from "./context.ts";
import { checkAccount, checkRequiredText, type AccountInput } from "./input.ts";

export interface FreezeInput extends AccountInput {
  readonly actor: string;
  readonly reason: string;
}

/**
 * Freezes an account: consume and hold are refused; grants, captures, refunds, claw-backs and expiry go on. An account
 * that does not exist yet is created frozen. Repeated, it changes nothing.
 * @throws invalid_request, lock_timeout
 */
export async function freeze(database: Database, input: FreezeInput, options?: WriteOptions): Promise<void> {
  await setFrozen(database, input, true, options);
}

/** Lets a frozen account spend again. @throws invalid_request, lock_timeout */
export async function unfreeze(database: Database, input: FreezeInput, options?: WriteOptions): Promise<void> {
  await setFrozen(database, input, false, options);
}

/** Whether the user has an account, of any unit. */
export async function hasAccount(queryable: Queryable, userId: string): Promise<boolean> {
  const rows = await queryable.query("select from tallystick.user_credit where user_id = $1 limit 1", [userId]);
  return rows.length > 0;
}

/** Whether the user's account of this unit, or the one that it was merged into, is frozen. */
export async function isFrozen(queryable: Queryable, userId: string, unit = "credit"): Promise<boolean> {
  const rows = await queryable.query(
    `select from tallystick.user_credit own join tallystick.user_credit acting on acting.id = tallystick.acting_account(own.id)
     where own.user_id = $1 and own.unit = $2 and acting.frozen_at is not null`,
    [userId, unit],
  );
  return rows.length > 0;
}

async function setFrozen(
  database: Database,
  input: FreezeInput,
  frozen: boolean,
  options: WriteOptions | undefined,
): Promise<void> {
  checkAccount(input);
  checkRequiredText("actor", input.actor, 255);
  checkRequiredText("reason", input.reason, 1000);
  await write(database, options, "freeze_account", {
    p_user_id: input.userId,
    p_unit: input.unit,
    p_frozen: frozen,
    p_actor: input.actor,
    p_reason: input.reason,
  });
}

export interface MergeInput {
  readonly fromUserId: string;
  readonly toUserId: string;
  readonly unit?: string | undefined;
  readonly actor: string;
  readonly reason: string;
}

export interface MergeResult {
  /** Credits that went over, lot by lot. */
  readonly moved: number;
  /** Debt that went over. */
  readonly debt: number;
}

/**
 * Merges an account into another of the same unit: lots and debt go over as they are, enrolments move (a free plan that
 * the target has too ends), a freeze goes along (the target's own stays as it is), and the first user id becomes an alias:
 * calls under it act on the target, and idempotency keys used under it are still known. One transaction; repeated, it
 * finds the work done.
 * @throws invalid_state when the first account has open holds or is merged elsewhere; invalid_request, balance_limit, lock_timeout
 */
export async function merge(database: Database, input: MergeInput, options?: WriteOptions): Promise<MergeResult> {
  checkAccount({ userId: input.fromUserId, unit: input.unit });
  checkAccount({ userId: input.toUserId });
  checkRequiredText("actor", input.actor, 255);
  checkRequiredText("reason", input.reason, 1000);
  const { moved, debt } = await write<StoredOutcome & MergeResult>(database, options, "merge_accounts", {
    p_from_user_id: input.fromUserId,
    p_to_user_id: input.toUserId,
    p_unit: input.unit,
    p_actor: input.actor,
    p_reason: input.reason,
  });
  return { moved, debt };
}

export interface EraseResult {
  readonly accounts: number;
  /** What stands in the user id's place from now on. */
  readonly alias: string;
}

/**
 * Forgets whose the accounts of a user id are, in every unit: the id gives way to an alias that names nobody, and
 * descriptions and metadata are erased. The ledger stays, amounts, types and times, and every audit still holds.
 * @throws invalid_request, lock_timeout
 */
export async function erase(
  database: Database,
  { userId }: { readonly userId: string },
  options?: WriteOptions,
): Promise<EraseResult> {
  checkAccount({ userId });
  const alias = `erased:${crypto.randomUUID()}`;
  const { accounts } = await write<StoredOutcome & { accounts: number }>(database, options, "erase_user", {
    p_user_id: userId,
    p_alias: alias,
  });
  return { accounts, alias };
}
