// history: the journal of an account, newest first.
import type { Database } from "../db/database.ts";
import { checkAccount, invalid, type AccountInput, type CreditType } from "./input.ts";

export interface HistoryInput extends AccountInput {
  /** Entries in a page: 1 to 100, default 20. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface HistoryEntry {
  readonly id: string;
  readonly type: CreditType;
  /** Signed: negative for what went. */
  readonly amount: number;
  readonly balanceAfter: number;
  /** What remains of a positive entry's lot; null for a negative entry. */
  readonly remainingAmount: number | null;
  readonly expirationDate: Date | null;
  readonly description: string | null;
  readonly createdAt: Date;
}

export interface HistoryPage {
  readonly items: readonly HistoryEntry[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/**
 * Reads a page of entries, newest first. The cursor is a place in the journal, so a page never repeats or skips an entry
 * whatever is written meanwhile.
 * @throws invalid_request
 */
export async function history(database: Database, input: HistoryInput): Promise<HistoryPage> {
  checkAccount(input);
  const limit = input.limit ?? 20;
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw invalid("limit must be a whole number from 1 to 100.");
  if (input.cursor !== undefined && !/^\d{1,15}$/.test(input.cursor)) {
    throw invalid("cursor must be the nextCursor of an earlier page.");
  }
  const rows = await database.query<{ seq: number } & Omit<HistoryEntry, "id"> & { id: number }>(
    `with recursive account as (
       select id, merged_into_id from tallystick.user_credit where user_id = $1 and unit = $2
       union all
       select target.id, target.merged_into_id from account join tallystick.user_credit target on target.id = account.merged_into_id
     )
     select entry.seq, entry.id, entry.type, entry.amount, entry.balance_after as "balanceAfter",
       lot.remaining_amount as "remainingAmount", lot.expiration_date as "expirationDate", entry.description,
       entry.created_at as "createdAt"
     from tallystick.credit_transaction entry
     left join tallystick.credit_lot lot on lot.id = entry.id
     where entry.account_id = (select id from account where merged_into_id is null)
       and ($3::bigint is null or entry.seq < $3)
     order by entry.seq desc limit $4`,
    [input.userId, input.unit ?? "credit", input.cursor ?? null, limit + 1],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ seq: _seq, ...entry }) => ({ ...entry, id: String(entry.id) })),
    nextCursor: rows.length > limit && last ? String(last.seq) : null,
  };
}
