// balanceAt: what an account had at a past moment.
import type { Database } from "../db/database.ts";
import { toBalance, type Balance, type StoredBalance } from "./balance.ts";
import { callFunction, target, type WriteOptions } from "./context.ts";
import { checkAccount, checkTime, invalid, type AccountInput } from "./input.ts";

export interface BalanceAtInput extends AccountInput {
  /** The moment: all of this millisecond, so that an entry's own `createdAt` includes the entry. */
  readonly at: Date;
}

export interface BalanceAt extends Balance {
  readonly at: Date;
  /** The sum of the journal to that moment: what remained of all lots, expired and pending ones too, less the debt. */
  readonly book: number;
}

/**
 * Answers what `balance` answered at a moment, however often the account was written since: lots with what remained of
 * them, holds that were open, debt. A user id that was merged answers its own account before that and the target from then
 * on; an account that did not exist yet reads as zeros. A moment to come is answered as if nothing is written until then.
 * Reads what was written since the moment, in one snapshot and without a lock.
 * @throws invalid_request
 */
export async function balanceAt(database: Database, input: BalanceAtInput, options?: WriteOptions): Promise<BalanceAt> {
  checkAccount(input);
  const { userId, unit = "credit", at } = input;
  checkTime("at", at);
  if (at === undefined) throw invalid("at must be a valid Date.");
  const stored = await callFunction<StoredBalance & { readonly book: number }>(
    target(database, options),
    "credit_balance_at",
    { p_user_id: userId, p_unit: unit, p_at: at.toISOString().replace("Z", "999Z") },
  );
  return { ...toBalance(stored), at, book: stored.book };
}
