// What expires soon: the lots, and their sums by day.
import type { Database } from "../../db/database.ts";
import { checkAccount, invalid, type CreditType } from "../input.ts";
import { checkedLimit, checkTimeZone, type Scope } from "./bounds.ts";

interface Within {
  /** Days from now, 1 to 366; default 30. */
  readonly withinDays?: number | undefined;
}

export interface ExpiringInput extends Within, Scope {
  /** Lots in a page: 1 to 100, default 20. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface ExpiringLot {
  readonly userId: string;
  readonly unit: string;
  readonly lotId: string;
  readonly type: CreditType;
  /** What would be lost: remaining less held. */
  readonly expiring: number;
  /** Set aside by open holds, whose capture may still use it after the lot's date. */
  readonly held: number;
  readonly expiresAt: Date;
  readonly paymentId: string | null;
}

export interface ExpiringPage {
  readonly items: readonly ExpiringLot[];
  readonly nextCursor: string | null;
}

/**
 * Lists the lots that expire within some days and still have something, soonest first: one user's, or everybody's. The
 * cursor is a place in the order of dates; a lot that is used up between two pages is no longer listed.
 * @throws invalid_request
 */
export async function expiring(database: Database, input: ExpiringInput = {}): Promise<ExpiringPage> {
  const { userId, unit } = input;
  checkAccount({ userId: userId ?? "any", unit });
  const limit = checkedLimit(input.limit);
  const [, after, afterId] = /^(-?\d{1,18})-(\d{1,15})$/.exec(input.cursor ?? "0-0") ?? [];
  if (after === undefined) throw invalid("cursor must be the nextCursor of an earlier page.");
  const rows = await database.query<Omit<ExpiringLot, "lotId" | "paymentId"> & Stored>(
    `with recursive account as (
       select id, merged_into_id from tallystick.user_credit where user_id = $4 and unit = coalesce($5, 'credit')
       union all
       select target.id, target.merged_into_id from account join tallystick.user_credit target on target.id = account.merged_into_id
     )
     select owner.user_id as "userId", owner.unit, lot.id as "lotId", entry.type,
       lot.remaining_amount - lot.held_amount as expiring, lot.held_amount as held, lot.expiration_date as "expiresAt",
       lot.payment_id as "paymentId", (extract(epoch from lot.expiration_date) * 1000000)::bigint::text as place
     from tallystick.credit_lot lot
     join tallystick.user_credit owner on owner.id = lot.account_id
     join tallystick.credit_transaction entry on entry.id = lot.id
     where lot.open and lot.expiration_date > tallystick.clock()
       and lot.expiration_date <= tallystick.clock() + make_interval(days => $1)
       and lot.expiration_date >= timestamptz 'epoch' + $2::bigint * interval '1 microsecond'
       and (lot.expiration_date > timestamptz 'epoch' + $2::bigint * interval '1 microsecond' or lot.id > $3::bigint)
       and ($4::text is null or lot.account_id = (select id from account where merged_into_id is null))
       and ($5::text is null or owner.unit = $5)
     order by lot.expiration_date, lot.id limit $6`,
    [checkedDays(input), after, afterId, userId ?? null, unit ?? null, limit + 1],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ place: _place, ...row }) => ({
      ...row,
      lotId: String(row.lotId),
      paymentId: row.paymentId === null ? null : String(row.paymentId),
    })),
    nextCursor: rows.length > limit && last ? `${last.place}-${last.lotId}` : null,
  };
}

interface Stored {
  readonly lotId: number;
  readonly paymentId: number | null;
  readonly place: string;
}

export interface ExpiringByDayInput extends Within {
  readonly unit?: string | undefined;
  /** Where days begin: an IANA zone; default UTC. */
  readonly timeZone?: string | undefined;
}

export interface ExpiringDay {
  /** The local date, such as 2027-01-31. */
  readonly day: string;
  readonly unit: string;
  readonly expiring: number;
  readonly held: number;
  readonly lots: number;
  readonly accounts: number;
}

/** Sums what expires within some days over all accounts, by day and unit; days with nothing have no row. @throws invalid_request */
export async function expiringByDay(database: Database, input: ExpiringByDayInput = {}): Promise<ExpiringDay[]> {
  const { unit, timeZone = "UTC" } = input;
  checkAccount({ userId: "any", unit });
  checkTimeZone(timeZone);
  return database.query<ExpiringDay>(
    `select to_char(lot.expiration_date at time zone $2, 'YYYY-MM-DD') as day, account.unit,
       sum(lot.remaining_amount - lot.held_amount) as expiring, sum(lot.held_amount) as held, count(*) as lots,
       count(distinct lot.account_id) as accounts
     from tallystick.credit_lot lot join tallystick.user_credit account on account.id = lot.account_id
     where lot.open and lot.expiration_date > tallystick.clock()
       and lot.expiration_date <= tallystick.clock() + make_interval(days => $1)
       and ($3::text is null or account.unit = $3)
     group by 1, 2 order by 1, 2`,
    [checkedDays(input), timeZone, unit ?? null],
  );
}

function checkedDays({ withinDays = 30 }: Within): number {
  if (!Number.isInteger(withinDays) || withinDays < 1 || withinDays > 366) {
    throw invalid("withinDays must be a whole number from 1 to 366.");
  }
  return withinDays;
}
