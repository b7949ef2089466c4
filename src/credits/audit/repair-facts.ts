// What an account's rows say, each figure from its own source, so that a repair can be judged by those that agree.
import type { Queryable } from "../../db/database.ts";

export interface AccountFacts {
  readonly accountId: string;
  readonly book: number;
  readonly seq: number;
  readonly debt: number;
  /** Null: the cache is not valid now. */
  readonly cachedHeld: number | null;
  readonly entries: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  readonly entriesTotal: number;
  readonly lastBalance: number | null;
  readonly remaining: number;
  readonly shortfalls: number;
  readonly openHolds: number;
}

export async function readFacts(database: Queryable, accountIds: readonly string[]): Promise<AccountFacts[]> {
  return database.query<AccountFacts>(
    `select account.id::text as "accountId", account.current_credits as book, account.seq, account.debt,
       case when account.next_change_at > tallystick.clock() then account.cached_held end as "cachedHeld",
       journal.n as entries, journal.first as "firstSeq", journal.last as "lastSeq", journal.total as "entriesTotal",
       (select balance_after from tallystick.credit_transaction entry
         where entry.account_id = account.id order by entry.seq desc limit 1) as "lastBalance",
       lots.remaining, journal.shortfalls,
       (select coalesce(sum(hold.amount), 0) from tallystick.credit_hold hold
         where hold.account_id = account.id and hold.status = 'open') as "openHolds"
     from tallystick.user_credit account
     cross join lateral (
       select count(*) as n, min(seq) as first, max(seq) as last, coalesce(sum(entry.amount), 0) as total,
         coalesce(sum(-entry.amount - coalesce(drawn.total, 0))
           filter (where entry.type in ('clawback', 'transfer_out')), 0) as shortfalls
       from tallystick.credit_transaction entry
       left join lateral (select sum(draw.amount) as total from tallystick.credit_allocation draw
         where draw.transaction_id = entry.id) drawn on entry.amount < 0
       where entry.account_id = account.id) journal
     cross join lateral (
       select coalesce(sum(remaining_amount), 0) as remaining from tallystick.credit_lot lot
       where lot.account_id = account.id) lots
     where account.id = any ($1)`,
    [accountIds],
  );
}

/** The sum of an account's entries up to one of them, and that entry's own figures. */
export async function readRunningSum(
  database: Queryable,
  entryId: string,
): Promise<{ readonly total: number; readonly stored: number } | undefined> {
  const [row] = await database.query<{ total: number; stored: number }>(
    `select entry.balance_after as stored, (select sum(amount) from tallystick.credit_transaction earlier
       where earlier.account_id = entry.account_id and earlier.seq <= entry.seq) as total
     from tallystick.credit_transaction entry where entry.id = $1`,
    [entryId],
  );
  return row;
}

/** What a payment was paid and has returned, as last told. */
export async function readReturn(
  database: Queryable,
  paymentId: string,
): Promise<{ readonly paid: number; readonly returned: number } | undefined> {
  const [row] = await database.query<{ paid: number; returned: number }>(
    "select paid_amount as paid, returned_amount as returned from tallystick.credit_return where payment_id = $1",
    [paymentId],
  );
  return row;
}
