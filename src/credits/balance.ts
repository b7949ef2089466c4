// balance: what an account has at this moment.
import type { Database, Queryable } from "../db/database.ts";
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

export interface BalanceInput extends AccountInput {
  /** False leaves the lots out, and the read is one index probe whatever the account has. */
  readonly lots?: boolean | undefined;
}

/**
 * Reads the balance with its live lots, in one snapshot and without a lock. An account that does not exist reads as zeros.
 * @throws invalid_request
 */
export async function balance(database: Database, input: BalanceInput, options?: WriteOptions): Promise<Balance> {
  checkAccount(input);
  if (input.lots === false) {
    const cached = await cachedBalance(target(database, options), input);
    if (cached !== undefined) return cached;
  }
  const stored = await callFunction<StoredBalance>(target(database, options), "credit_balance", {
    p_user_id: input.userId,
    p_unit: input.unit,
    p_lots: input.lots,
  });
  return toBalance(stored);
}

// Undefined: the totals must be computed.
async function cachedBalance(queryable: Queryable, { userId, unit = "credit" }: AccountInput) {
  const [row] = await queryable.query<{ result: Omit<Balance, "userId" | "unit" | "lots"> | null }>(
    "select tallystick.cached_totals($1, $2) as result",
    [userId, unit],
  );
  if (row?.result == null) return undefined;
  const { balance: shown, available, held, debt } = row.result;
  return { userId, unit, balance: shown, available, held, debt, lots: [] };
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
