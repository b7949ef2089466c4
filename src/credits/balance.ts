// balance: what an account has at this moment.
import type { Database } from "../db/database.ts";
import { callFunction, target, type WriteOptions } from "./context.ts";
import { checkAccount, type AccountInput, type CreditType } from "./input.ts";

export interface Lot {
  readonly id: string;
  readonly type: CreditType;
  readonly amount: number;
  readonly remaining: number;
  readonly expiresAt: Date | null;
  readonly priority: number;
}

export interface Balance {
  readonly userId: string;
  readonly unit: string;
  /** What a person is shown. */
  readonly balance: number;
  /** What can be spent: no more than the balance, and nothing while there is debt. */
  readonly available: number;
  readonly held: number;
  readonly debt: number;
  /** The live lots in the order in which they burn. */
  readonly lots: readonly Lot[];
}

export interface StoredBalance extends Omit<Balance, "lots"> {
  readonly lots: readonly (Omit<Lot, "expiresAt"> & { readonly expiresAt: string | null })[];
}

/** Reads the balance with its live lots, in one snapshot and without a lock. An account that does not exist reads as zeros. */
export async function balance(database: Database, input: AccountInput, options?: WriteOptions): Promise<Balance> {
  checkAccount(input);
  const stored = await callFunction<StoredBalance>(target(database, options), "credit_balance", {
    p_user_id: input.userId,
    p_unit: input.unit,
  });
  return toBalance(stored);
}

// Named one by one: jsonb keeps no order, and people read these answers.
export function toBalance(stored: StoredBalance): Balance {
  return {
    userId: stored.userId,
    unit: stored.unit,
    balance: stored.balance,
    available: stored.available,
    held: stored.held,
    debt: stored.debt,
    lots: stored.lots.map(({ id, type, amount, remaining, expiresAt, priority }) => ({
      id,
      type,
      amount,
      remaining,
      expiresAt: expiresAt === null ? null : new Date(expiresAt),
      priority,
    })),
  };
}
